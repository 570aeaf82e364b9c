//! Serves a connection from its first byte to its last.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    Service as _, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;
use stackone_link_process::spawn::named;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use crate::answered::answered;
use crate::connections::{Connections, OpenConnection};
use crate::failure::{ConnectionFailure, failure_of};
use crate::listener::PublicListener;
use crate::metrics::ConnectionMetrics;
use crate::phase::{ANSWER_DEADLINE, DISCONNECT_DEADLINE, Deadlines, Phase};
use crate::proxy_protocol;
use crate::timed::Timed;
use crate::tls::{HandshakeError, Tls};

/// A stream of bytes, its protocol, and the address of its peer.
type Stream<T> = (T, Protocol, Option<SocketAddr>);

/// The parts that every connection is served with.
#[derive(Clone)]
pub(crate) struct Serving<C, E> {
    pub(crate) listener: PublicListener<C, E>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) stopping: GracefulShutdownSignal,
}

impl<C, E> Serving<C, E>
where
    C: Fn(&mut ServiceConfig) + Clone + 'static,
    E: Fn(&Request) -> Option<Response<BoxBody>> + Clone + 'static,
{
    /// Serves a connection in three steps: counts it, makes a stream of bytes of it by `handshake`,
    /// and speaks HTTP on that.
    pub(crate) fn service<T, H, F>(
        &self,
        handshake: H,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
    + use<T, H, F, C, E>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
        H: Fn(TcpStream) -> F + Clone + 'static,
        F: Future<Output = Result<T, ()>>,
    {
        let settings = &self.listener.settings;
        let deadlines = Deadlines {
            head: settings.header_deadline,
            keep_alive: settings.keep_alive,
            answer: ANSWER_DEADLINE,
        };
        let shake_hands = move |(stream, peer)| {
            let shaken = handshake(stream);
            async move {
                let stream = Timed::new(shaken.await?, deadlines);
                Ok((stream, Protocol::Http1, Some(peer)))
            }
        };
        let served = fn_service(shake_hands).and_then(self.http());
        let (connections, metrics) = (Arc::clone(&self.connections), self.listener.metrics.clone());
        let name = self.listener.tasks.connection;
        apply_fn_factory(served, move |stream: TcpStream, served| {
            let admitted = admitted(&stream, &connections, &metrics);
            // In a box, because a block that waits for what it was given has room for two of it.
            let serve = |(open, peer)| (open, Box::pin(served.call((stream, peer))));
            let serving = admitted.map(serve);
            let counting = metrics.panic_counter();
            named(name, async move {
                let _counting = counting;
                let Some((_open, serving)) = serving else {
                    return Ok(());
                };
                serving.await
            })
        })
    }

    /// Speaks HTTP on a stream of bytes, and keeps its [`Phase`] up to date.
    fn http<T>(
        &self,
    ) -> impl ServiceFactory<
        Stream<Timed<T>>,
        Config = (),
        Response = (),
        Error = (),
        InitError = (),
    > + use<T, C, E>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let PublicListener {
            settings,
            metrics,
            tasks,
            configure,
            refuse,
        } = self.listener.clone();
        let stopping = self.stopping.clone();
        let app = App::new().configure(configure);
        let app = map_config(app, |()| AppConfig::default());
        HttpService::build()
            .keep_alive(settings.keep_alive)
            // The stream itself times every head, the first one included.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT_DEADLINE)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &Timed<T>, data| {
                data.insert(stream.phase().clone());
            })
            .expect(fn_service(move |request: Request| {
                let refused = refuse(&request);
                if refused.is_some() {
                    let phase = request.conn_data::<Phase>();
                    phase.inspect(|phase| phase.closes(Instant::now()));
                }
                ready(refused.map_or(Ok(request), Err))
            }))
            .finish(apply_fn_factory(app, move |request: Request, app| {
                let phase = request.conn_data::<Phase>().cloned();
                answered(phase, tasks.request, app.call(request))
            }))
            .map_err(move |error| {
                let failure = failure_of(&error);
                metrics.failed(failure);
                if failure == ConnectionFailure::ProxyProtocol {
                    proxy_protocol::log();
                }
                tracing::debug!(%error, reason = failure.reason(), "connection failed");
            })
    }
}

/// Counts a connection for as long as the first returned part lives; `None` where its peer has too
/// many.
fn admitted(
    stream: &TcpStream,
    connections: &Arc<Connections>,
    metrics: &ConnectionMetrics,
) -> Option<(OpenConnection, SocketAddr)> {
    // A connection whose peer has no address is closed already.
    let peer = stream.peer_addr().ok()?;
    // Without this, the last message of a TLS handshake waits until the one before is acknowledged.
    // An answer is written in one piece and gains nothing from waiting.
    stream.set_nodelay(true).ok()?;
    let open = connections.open(peer.ip());
    if open.is_none() {
        metrics.refused();
    }
    Some((open?, peer))
}

/// Waits for a result, or fails as soon as the service is to stop.
pub(crate) async fn unless_stopping<T>(
    waited_for: impl Future<Output = Result<T, ()>>,
    stopping: GracefulShutdownSignal,
) -> Result<T, ()> {
    tokio::select! {
        result = waited_for => result,
        () = stopping.notified() => Err(()),
    }
}

/// Shakes hands, and counts and logs a handshake that fails.
pub(crate) async fn shaken_hands(
    stream: TcpStream,
    tls: Arc<Tls>,
    metrics: ConnectionMetrics,
) -> Result<TlsStream<TcpStream>, ()> {
    tls.accept(stream).await.map_err(|error| {
        metrics.handshake_failed(&error);
        if matches!(error, HandshakeError::ProxyProtocol) {
            proxy_protocol::log();
        }
        tracing::debug!(%error, "no TLS handshake");
    })
}

#[cfg(test)]
mod tests {
    use stackone_link_process::metrics::Metrics as Registry;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_answer_waits_for_the_acknowledgement_of_another() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(!stream.nodelay().unwrap(), "the system waits by default");
        let metrics = ConnectionMetrics::new(&Registry::new(None).unwrap(), "s").unwrap();
        let connections = Connections::new(1, metrics.open());
        let admitted = admitted(&stream, &connections, &metrics);
        assert_eq!(admitted.unwrap().1, peer.local_addr().unwrap());
        assert!(stream.nodelay().unwrap());
    }
}
