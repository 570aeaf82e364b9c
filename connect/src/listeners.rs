//! The two listeners, bound and not yet served.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use actix_web::{App, HttpServer};

use crate::config::{ServerSettings, ShutdownSettings};
use crate::connect::Connect;
use crate::routes;

/// How long a connection that we close may take to read our answer.
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(3);

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The setting.
    setting: &'static str,
    /// The address.
    address: SocketAddr,
    /// Why.
    source: io::Error,
}

/// Binds the public listener.
pub(crate) fn public(
    connect: &Data<Connect>,
    settings: &ServerSettings,
    shutdown: &ShutdownSettings,
) -> Result<(Server, SocketAddr), ListenError> {
    let connect = connect.clone();
    let app = move || {
        App::new()
            .app_data(connect.clone())
            .configure(routes::public)
    };
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        workers => workers,
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .max_connections(settings.max_connections.div_ceil(workers))
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.header_deadline)
        .client_disconnect_timeout(DISCONNECT_DEADLINE)
        .shutdown_timeout(shutdown.deadline.as_secs())
        .disable_signals();
    let server = server.bind(settings.listen);
    let server = server.map_err(|source| listen_error("server.listen", settings.listen, source))?;
    let address = server.addrs().first().copied().unwrap_or(settings.listen);
    Ok((server.run(), address))
}

/// Binds the operators' listener, on a thread of its own, so that it answers whatever the public one has to do.
pub(crate) fn admin(
    connect: &Data<Connect>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), ListenError> {
    let connect = connect.clone();
    let app = move || {
        App::new()
            .app_data(connect.clone())
            .configure(routes::admin)
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(listen);
    let server = server.map_err(|source| listen_error("admin.listen", listen, source))?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((server.run(), address))
}

fn listen_error(setting: &'static str, address: SocketAddr, source: io::Error) -> ListenError {
    ListenError {
        setting,
        address,
        source,
    }
}
