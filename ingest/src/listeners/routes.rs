//! Every route of both listeners, on one screen.

mod observe;
mod ops;
mod webhook;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Route, guard};

use observe::observe;

/// Webhooks are posted here, and the name of their source follows.
pub(super) const WEBHOOKS: &str = "/webhooks/stackone/";

/// The public listener. Every request to it is observed: it has exactly one outcome.
pub(super) fn public(app: &mut ServiceConfig) {
    app.service(
        // A slash after it is a habit of people who type URLs, and of proxies that join them. Two
        // patterns would be matched twice: which one it is, and then that one.
        web::resource(format!("{WEBHOOKS}{{source}}{{slash:/?}}"))
            .wrap(from_fn(observe))
            .route(web::post().to(webhook::receive))
            .default_service(web::to(webhook::method_not_allowed)),
    );
    app.default_service(
        web::route()
            .to(webhook::unknown_path)
            .wrap(from_fn(observe)),
    );
}

/// The operators' listener.
pub(super) fn admin(app: &mut ServiceConfig) {
    app.route("/livez", get_or_head().to(ops::livez));
    app.route("/readyz", get_or_head().to(ops::readyz));
    app.route("/metrics", get_or_head().to(ops::metrics));
}

/// Some probes ask for no more than the head of the answer.
fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
