//! The public listener: each connection is counted before its first byte is read, then shakes hands where there is TLS,
//! then speaks HTTP.
//!
//! What `actix_web::HttpServer` does with its parts is done here by hand, since it shows a connection of TLS only after the
//! handshake: a peer that connects and says nothing would be held against no limit of its own.

use std::future::ready;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request};
use actix_server::{GracefulShutdownSignal, ServerBuilder};
use actix_service::{
    Service as _, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_web::App;
use actix_web::dev::{AppConfig, Server, ServiceResponse};
use actix_web::web::Data;
use stackone_link_process::spawn::{entered, named};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::connections::{Connections, OpenConnection};
use super::expect;
use super::failure::failure_of;
use super::first_byte::first_byte;
use super::phase::{DISCONNECT_DEADLINE, Deadlines, Phase};
use super::proxy_protocol;
use super::routes;
use super::socket::{ListenError, bind};
use super::timed::Timed;
use super::tls::{HandshakeError, Tls};
use crate::config::{ServerSettings, ShutdownSettings};
use crate::ingest::Ingest;
use crate::metrics::connections::{ConnectionFailure, ConnectionMetrics};
use crate::tasks::{CONNECTION, REQUEST};

/// What actix calls the listener.
const NAME: &str = "public";

/// A stream of bytes, what is spoken on it, and with whom.
type Stream<T> = (T, Protocol, Option<SocketAddr>);

/// What connections are served with.
#[derive(Clone)]
struct Serving {
    ingest: Data<Ingest>,
    connections: Arc<Connections>,
    settings: ServerSettings,
    stopping: GracefulShutdownSignal,
}

/// Binds the public listener. It serves once the [`Server`] is polled.
pub(crate) fn public_server(
    ingest: &Data<Ingest>,
    settings: &ServerSettings,
    shutdown: &ShutdownSettings,
    tls: Option<Arc<Tls>>,
) -> Result<(Server, SocketAddr), ListenError> {
    let failed = |source| ListenError {
        setting: "server.listen",
        address: settings.listen,
        source,
    };
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    };
    let builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections(settings.max_connections.div_ceil(workers))
        .shutdown_timeout(shutdown.deadline.as_secs())
        .disable_signals();
    let listener = bind(settings.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let serving = Serving {
        ingest: ingest.clone(),
        connections: Connections::new(
            settings.max_connections_per_peer,
            ingest.metrics.connections.open(),
        ),
        settings: settings.clone(),
        stopping: builder.graceful_shutdown_signal(),
    };
    let builder = match tls {
        None => builder.listen(NAME, listener, move || {
            let (deadline, stopping) = (serving.settings.header_deadline, serving.stopping.clone());
            serving.service(move |stream| first_byte(stream, deadline, stopping.clone()))
        }),
        Some(tls) => builder.listen(NAME, listener, move || {
            let (tls, ingest) = (Arc::clone(&tls), serving.ingest.clone());
            let stopping = serving.stopping.clone();
            serving.service(move |stream| {
                let shaken = shaken_hands(stream, Arc::clone(&tls), ingest.clone());
                unless_stopping(shaken, stopping.clone())
            })
        }),
    };
    Ok((builder.map_err(failed)?.run(), address))
}

impl Serving {
    /// From a connection to its end: counted, made a stream of bytes by `handshake`, served.
    fn service<T, H, F>(
        &self,
        handshake: H,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
    + use<T, H, F>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
        H: Fn(TcpStream) -> F + Clone + 'static,
        F: Future<Output = Result<T, ()>>,
    {
        let deadlines = Deadlines {
            head: self.settings.header_deadline,
            keep_alive: self.settings.keep_alive,
        };
        let shake_hands = move |(stream, peer)| {
            let shaken = handshake(stream);
            async move {
                let stream = Timed::new(shaken.await?, deadlines);
                Ok((stream, Protocol::Http1, Some(peer)))
            }
        };
        let served = fn_service(shake_hands).and_then(self.http());
        let (connections, ingest) = (Arc::clone(&self.connections), self.ingest.clone());
        apply_fn_factory(served, move |stream: TcpStream, served| {
            let admitted = admitted(&stream, &connections, &ingest.metrics.connections);
            let serving = admitted.map(|(open, peer)| (open, served.call((stream, peer))));
            let counting = ingest.metrics.connections.panic_counter();
            named(CONNECTION, async move {
                let _counting = counting;
                let Some((_open, serving)) = serving else {
                    return Ok(());
                };
                serving.await
            })
        })
    }

    /// HTTP on a stream of bytes, which knows by its [`Phase`] what is being done with it.
    fn http<T>(
        &self,
    ) -> impl ServiceFactory<
        Stream<Timed<T>>,
        Config = (),
        Response = (),
        Error = (),
        InitError = (),
    > + use<T>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (ingest, stopping) = (self.ingest.clone(), self.stopping.clone());
        let asked = ingest.clone();
        let app = App::new()
            .app_data(ingest.clone())
            .configure(routes::public);
        let app = map_config(app, |()| AppConfig::default());
        HttpService::build()
            .keep_alive(self.settings.keep_alive)
            // The stream times every head, the first one too.
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
                let refused = expect::refusal(&asked, &request);
                if refused.is_some() {
                    let phase = request.conn_data::<Phase>();
                    phase.inspect(|phase| phase.closes(Instant::now()));
                }
                ready(refused.map_or(Ok(request), Err))
            }))
            .finish(apply_fn_factory(app, |request: Request, app| {
                let phase = request.conn_data::<Phase>().cloned();
                answered(phase, app.call(request))
            }))
            .map_err(move |error| {
                let failure = failure_of(&error);
                ingest.metrics.connections.failed(failure);
                if failure == ConnectionFailure::ProxyProtocol {
                    proxy_protocol::log();
                }
                tracing::debug!(%error, reason = failure.reason(), "connection failed");
            })
    }
}

/// Tells the connection of a request that it is being served, and what comes after it.
async fn answered<B, E>(
    phase: Option<Phase>,
    answer: impl Future<Output = Result<ServiceResponse<B>, E>>,
) -> Result<ServiceResponse<B>, E> {
    let phase = phase.inspect(Phase::serves);
    entered(REQUEST);
    let answer = answer.await;
    if let Some(phase) = phase {
        let keeps = |answer: &ServiceResponse<B>| answer.response().head().keep_alive();
        match answer.as_ref().is_ok_and(keeps) {
            true => phase.waits(Instant::now()),
            false => phase.closes(Instant::now()),
        }
    }
    answer
}

/// Counts a connection for as long as the first part is kept; nothing where its peer has too many.
fn admitted(
    stream: &TcpStream,
    connections: &Arc<Connections>,
    metrics: &ConnectionMetrics,
) -> Option<(OpenConnection, SocketAddr)> {
    // One whose peer cannot be told is closed already.
    let peer = stream.peer_addr().ok()?;
    // An answer is written in one piece; of TLS, the last of a handshake would else wait for what came before.
    stream.set_nodelay(true).ok()?;
    let open = connections.open(peer.ip());
    if open.is_none() {
        metrics.refused();
    }
    Some((open?, peer))
}

/// What was waited for, unless the service is to end.
async fn unless_stopping<T>(
    waited_for: impl Future<Output = Result<T, ()>>,
    stopping: GracefulShutdownSignal,
) -> Result<T, ()> {
    tokio::select! {
        result = waited_for => result,
        () = stopping.notified() => Err(()),
    }
}

async fn shaken_hands(
    stream: TcpStream,
    tls: Arc<Tls>,
    ingest: Data<Ingest>,
) -> Result<TlsStream<TcpStream>, ()> {
    tls.accept(stream).await.map_err(|error| {
        ingest.metrics.connections.handshake_failed(&error);
        if matches!(error, HandshakeError::ProxyProtocol) {
            proxy_protocol::log();
        }
        tracing::debug!(%error, "no TLS handshake");
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::metrics::Metrics;

    #[tokio::test]
    async fn no_answer_waits_for_the_acknowledgement_of_another() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(!stream.nodelay().unwrap(), "the system waits by default");
        let metrics = Metrics::new().unwrap().connections;
        let connections = Connections::new(1, metrics.open());
        let admitted = admitted(&stream, &connections, &metrics);
        assert_eq!(admitted.unwrap().1, peer.local_addr().unwrap());
        assert!(stream.nodelay().unwrap());
    }
}
