//! The switches, over HTTP. There is no password: the listener belongs on a loopback or private
//! address.

mod accounts;
mod deliveries;
mod error;
mod faults;
mod sessions;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use serde_json::json;

/// Every path it knows.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .app_data(error::json_config())
        .app_data(error::query_config())
        .route("/livez", web::get().to(livez))
        .route("/control/accounts", web::get().to(accounts::list))
        .route("/control/accounts", web::post().to(accounts::link))
        .route(
            "/control/accounts/{id}/status",
            web::post().to(accounts::set_status),
        )
        .route(
            "/control/accounts/{id}/refresh",
            web::post().to(accounts::refresh),
        )
        .route(
            "/control/accounts/{id}/label",
            web::post().to(accounts::set_label),
        )
        .route(
            "/control/accounts/{id}/unlink",
            web::post().to(accounts::unlink),
        )
        .route("/control/faults", web::get().to(faults::list))
        .route("/control/faults", web::post().to(faults::add))
        .route("/control/faults", web::put().to(faults::replace))
        .route("/control/faults", web::delete().to(faults::clear_all))
        .route("/control/faults/{id}", web::delete().to(faults::clear))
        .route("/control/sessions", web::get().to(sessions::list))
        .route("/control/sessions/{id}/end", web::post().to(sessions::end))
        .route("/control/deliveries", web::get().to(deliveries::list))
        .route(
            "/control/deliveries/{webhook}/again",
            web::post().to(deliveries::again),
        )
        .route("/control/webhooks", web::post().to(deliveries::send))
        .route(
            "/control/disturbance",
            web::get().to(deliveries::disturbance),
        )
        .route("/control/disturbance", web::put().to(deliveries::disturb))
        .route("/control/requests", web::get().to(deliveries::requests))
        .default_service(web::to(error::unknown_path));
}

async fn livez() -> impl Responder {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}
