//! The two listeners: their sockets, their deadlines, their threads.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};

use crate::application::BuildError;
use crate::config::{ServerSettings, ShutdownSettings};
use crate::ingest::Ingest;
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
    let ingest = ingest.clone();
    let app = move || {
        App::new()
            .app_data(ingest.clone())
            .configure(routes::public)
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .max_connections(settings.max_connections.div_ceil(workers))
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
