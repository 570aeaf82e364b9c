//! The two listeners: their sockets, their deadlines, their threads.

use std::any::Any;
use std::net::{Shutdown, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Extensions, Server};
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use socket2::SockRef;

use crate::application::BuildError;
use crate::config::{ServerSettings, ShutdownSettings};
use crate::connections::Connections;
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::routes;

/// How long a connection that we close may take to read our answer.
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(3);

/// Binds the public listener. It serves once the [`Server`] is polled.
pub(crate) fn public_server(
    ingest: &Data<Ingest>,
    settings: &ServerSettings,
    shutdown: &ShutdownSettings,
) -> Result<(Server, SocketAddr), BuildError> {
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    };
    let connections = Connections::new(settings.max_connections_per_peer);
    let (ingest, shared) = (ingest.clone(), ingest.clone());
    let app = move || {
        App::new()
            .app_data(ingest.clone())
            .configure(routes::public)
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .max_connections(settings.max_connections.div_ceil(workers))
        .on_connect(move |io, connection| admit(io, connection, &connections, &shared.metrics))
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.header_deadline)
        .client_disconnect_timeout(DISCONNECT_DEADLINE)
        .shutdown_timeout(shutdown.deadline.as_secs())
        .disable_signals()
        .bind(settings.listen)
        .map_err(|source| BuildError::Listen {
            setting: "server.listen",
            address: settings.listen,
            source,
        })?;
    let bound = server.addrs().first().copied();
    Ok((server.run(), bound.unwrap_or(settings.listen)))
}

/// Counts a connection for as long as it is open, and closes it where its peer has too many.
fn admit(
    io: &dyn Any,
    connection: &mut Extensions,
    connections: &Arc<Connections>,
    metrics: &Metrics,
) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else {
        return;
    };
    // One whose peer cannot be told is closed already.
    let Ok(peer) = stream.peer_addr() else { return };
    if let Some(open) = connections.open(peer.ip()) {
        connection.insert(open);
        return;
    }
    metrics.connection_refused();
    if let Err(error) = SockRef::from(stream).shutdown(Shutdown::Both) {
        tracing::debug!(%error, "connection of a peer with too many is closed already");
    }
}

/// Binds the operators' listener, on a thread of its own, so that it answers whatever the public one has to do.
pub(crate) fn admin_server(
    ingest: &Data<Ingest>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), BuildError> {
    let ingest = ingest.clone();
    let app = move || App::new().app_data(ingest.clone()).configure(routes::admin);
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(listen)
        .map_err(|source| BuildError::Listen {
            setting: "admin.listen",
            address: listen,
            source,
        })?;
    let bound = server.addrs().first().copied();
    Ok((server.run(), bound.unwrap_or(listen)))
}
