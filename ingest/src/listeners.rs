//! The two listeners: their sockets, their deadlines, their threads.

mod failure;
mod first_byte;
mod phase;
pub(crate) mod proxy_protocol;
mod public;
mod timed;

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::Data;
use actix_web::{App, Error, HttpServer};
use socket2::{Domain, Protocol, Socket, Type};
use stackone_link_process::spawn::named;

use crate::application::BuildError;
use crate::ingest::Ingest;
use crate::routes;
use crate::tasks::ADMIN_REQUEST;

pub(crate) use failure::ConnectionFailure;
pub(crate) use public::public_server;

/// Connections that wait in the kernel to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that listens, also where connections of a former process linger.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Binds the operators' listener, on a thread of its own, so that it answers whatever the public one has to do.
pub(crate) fn admin_server(
    ingest: &Data<Ingest>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), BuildError> {
    let ingest = ingest.clone();
    let app = move || {
        App::new()
            .app_data(ingest.clone())
            .wrap(from_fn(counted))
            .configure(routes::admin)
    };
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

/// A panic costs an operator the answer, and no more.
async fn counted(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let ingest = request.app_data::<Data<Ingest>>().cloned();
    let _counting = ingest.map(|ingest| ingest.metrics.panic_counter());
    named(ADMIN_REQUEST, next.call(request)).await
}
