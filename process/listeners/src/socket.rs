//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait in the kernel to be accepted.
const BACKLOG: i32 = 1024;

/// The process cannot listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The setting that names the address: `server.listen` or `admin.listen`.
    pub setting: &'static str,
    /// The address, which is in use or does not belong to this machine.
    pub address: SocketAddr,
    /// The operating system's error.
    pub source: io::Error,
}

/// Binds a listening socket, also where connections of a former process linger (`SO_REUSEADDR`).
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
