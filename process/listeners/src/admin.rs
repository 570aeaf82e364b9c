//! The listener for operators: health, metrics.

use std::net::SocketAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpServer};
use stackone_link_process::spawn::{Name, named};

use crate::metrics::ConnectionMetrics;
use crate::socket::ListenError;

/// Binds the operators' listener on a thread of its own, so that it answers however busy the public
/// one is. `configure` registers its routes and their data; each request is a task called
/// `request`.
///
/// # Errors
///
/// Fails where the process cannot listen on the address.
pub fn admin_server(
    listen: SocketAddr,
    metrics: &ConnectionMetrics,
    request: Name,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<(Server, SocketAddr), ListenError> {
    let metrics = metrics.clone();
    let app = move || {
        let metrics = metrics.clone();
        let counting = move |asked: ServiceRequest, next: Next<BoxBody>| {
            counted(metrics.clone(), request, asked, next)
        };
        App::new().wrap(from_fn(counting)).configure(&configure)
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

/// Counts a panic of a handler, which costs an operator the answer and no more.
async fn counted(
    metrics: ConnectionMetrics,
    name: Name,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let _counting = metrics.panic_counter();
    named(name, next.call(request)).await
}
