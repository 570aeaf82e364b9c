//! The operators' listener.

use std::net::SocketAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::Data;
use actix_web::{App, Error, HttpServer};
use stackone_link_process::spawn::named;

use super::routes;
use super::socket::ListenError;
use crate::ingest::Ingest;
use crate::tasks::ADMIN_REQUEST;

/// Binds the operators' listener, on a thread of its own, so that it answers whatever the public one has to do.
pub(crate) fn admin_server(
    ingest: &Data<Ingest>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), ListenError> {
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
        .map_err(|source| ListenError {
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
    let _counting = ingest.map(|ingest| ingest.metrics.connections.panic_counter());
    named(ADMIN_REQUEST, next.call(request)).await
}
