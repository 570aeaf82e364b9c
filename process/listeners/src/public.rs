//! The public listener. Each connection is counted before its first byte is read; the TLS handshake
//! follows where there is one, and then HTTP.
//!
//! The parts of `actix_web::HttpServer` are assembled here by hand, since that shows a connection
//! of TLS only after its handshake: a peer that connects and sends nothing would count against no
//! limit.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use actix_web::dev::Server;
use actix_web::web::ServiceConfig;

use crate::connections::Connections;
use crate::first_byte::first_byte;
use crate::listener::PublicListener;
use crate::serving::{Serving, shaken_hands, unless_stopping};
use crate::socket::{ListenError, bind};
use crate::tls::Tls;

/// The name of the listener in actix.
const NAME: &str = "public";

/// Refuses no head: every request goes on to its handler.
#[must_use]
pub fn refuse_none(_request: &Request) -> Option<Response<BoxBody>> {
    None
}

impl<C, E> PublicListener<C, E>
where
    C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    E: Fn(&Request) -> Option<Response<BoxBody>> + Clone + Send + 'static,
{
    /// Binds the listener. It serves once the [`Server`] is polled.
    ///
    /// # Errors
    ///
    /// Fails where the process cannot listen on the address.
    pub fn bind(self, tls: Option<Arc<Tls>>) -> Result<(Server, SocketAddr), ListenError> {
        let listen = self.settings.listen;
        let failed = |source| ListenError {
            setting: "server.listen",
            address: listen,
            source,
        };
        let builder = self.settings.builder();
        let listener = bind(listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let serving = Serving {
            connections: Connections::new(
                self.settings.max_connections_per_peer,
                self.metrics.open(),
            ),
            stopping: builder.graceful_shutdown_signal(),
            listener: self,
        };
        let builder = match tls {
            None => builder.listen(NAME, listener, move || {
                let deadline = serving.listener.settings.header_deadline;
                let stopping = serving.stopping.clone();
                serving.service(move |stream| first_byte(stream, deadline, stopping.clone()))
            }),
            Some(tls) => builder.listen(NAME, listener, move || {
                let (tls, metrics) = (Arc::clone(&tls), serving.listener.metrics.clone());
                let stopping = serving.stopping.clone();
                serving.service(move |stream| {
                    let shaken = shaken_hands(stream, Arc::clone(&tls), metrics.clone());
                    unless_stopping(shaken, stopping.clone())
                })
            }),
        };
        Ok((builder.map_err(failed)?.run(), address))
    }
}
