//! The calls of the Hub, StackOne's web component, with a session's token.

mod access;
mod accounts;
mod attempts;
mod connectors;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

/// Every path of the Hub. Any page may ask: StackOne's own answers allow the page's origin,
/// whichever it is.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let scope = web::scope("/hub")
        .wrap(from_fn(access::cross_origin))
        .route("/settings", web::get().to(connectors::settings))
        .route("/connectors", web::get().to(connectors::list))
        .route(
            "/connectors/{integration_id}",
            web::get().to(connectors::get),
        )
        .route("/accounts", web::post().to(accounts::create))
        .route("/accounts/{id}", web::get().to(accounts::get))
        .route("/accounts/{id}", web::patch().to(accounts::update))
        .route("/connection_attempts", web::post().to(attempts::begin))
        .route("/connection_attempts/{id}", web::get().to(attempts::poll))
        .route(
            "/connection_attempts/{id}",
            web::delete().to(attempts::cancel),
        )
        .route(
            "/{any:.*}",
            web::method(Method::OPTIONS).to(access::preflight),
        );
    config.service(scope);
}
