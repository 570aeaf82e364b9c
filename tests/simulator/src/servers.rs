//! The HTTP servers.

use std::net::SocketAddr;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::api::Connection;
use crate::config::StartError;

/// A server that listens and is not served yet.
pub(crate) struct BoundServer {
    pub(crate) address: SocketAddr,
    listener: std::net::TcpListener,
}

impl BoundServer {
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, StartError> {
        let bind = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        };
        let (address, listener) =
            bind().map_err(|source| StartError::Listen { address, source })?;
        Ok(Self { address, listener })
    }

    /// Begins to answer with `routes`, which find `state`.
    pub(crate) fn serve<T: Send + Sync + 'static>(
        self,
        state: T,
        routes: fn(&mut ServiceConfig),
    ) -> Result<(Server, ServerHandle), StartError> {
        let data = Data::new(state);
        let address = self.address;
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
            .on_connect(Connection::remember)
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(self.listener)
            .map_err(|source| StartError::Listen { address, source })?
            .run();
        let handle = server.handle();
        Ok((server, handle))
    }
}
