//! Ports for those who cannot tell which one they were given.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

/// A free port below those that systems hand out to clients and to who asks for any: nobody is
/// given it meanwhile, and a client that tries again and again to reach a stopped server on one of
/// *those* ends up connected to itself, and the server cannot have its port back.
///
/// # Errors
///
/// Where none of a hundred is free.
pub fn free_port() -> anyhow::Result<u16> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    let mut candidates = std::iter::repeat_with(|| fastrand::u16(20_000..32_000));
    let port = candidates.by_ref().take(100).find(is_free);
    port.context("no free port among 100 of 20000 to 31999")
}
