//! The probe of a container: one request to the operators' listener, without an HTTP client.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the service has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a service is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It does not answer.
    #[error("no answer from {address}: {source}")]
    Unreachable {
        /// Where it was asked.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// It says no.
    #[error("{0}")]
    SaysNo(String),
}

/// Asks the service whose operators' listener is configured as `listen` for `path`.
///
/// # Errors
///
/// Where it does not answer, or otherwise than with 200.
pub fn ask(listen: SocketAddr, path: &str) -> Result<(), Unhealthy> {
    let address = reachable(listen);
    let answer = get(address, path).map_err(|source| Unhealthy::Unreachable { address, source })?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or(("", "unreadable answer"));
    Err(Unhealthy::SaysNo(body.trim().to_owned()))
}

/// A listener on all addresses is asked on the loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
