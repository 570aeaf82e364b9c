//! A handle on the connection that a request came over, for the fault that closes it without an
//! answer.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::dev::Extensions;
use actix_web::rt::net;

/// The connection of a request.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// For `HttpServer::on_connect`.
    pub(crate) fn remember(io: &dyn Any, data: &mut Extensions) {
        let stream = io.downcast_ref::<net::TcpStream>();
        if let Some(Ok(socket)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
            data.insert(Self(TcpStream::from(socket)));
        }
    }

    /// Closes it both ways at once.
    pub(crate) fn close(&self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "the connection was closed already");
        }
    }
}
