//! Webhooks: what became of them, what disturbs them, and some more of them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use serde_json::json;

use crate::control::error::ControlError;
use crate::delivery::Disturbance;
use crate::simulator::{CustomWebhook, Simulator};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Newest {
    #[serde(default = "one_hundred")]
    limit: usize,
}

fn one_hundred() -> usize {
    100
}

pub(super) async fn list(simulator: Data<Simulator>, newest: Query<Newest>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "counts": simulator.delivered(),
        "newest": simulator.newest_deliveries(newest.limit),
    }))
}

/// Delivers a webhook once more.
pub(super) async fn again(
    simulator: Data<Simulator>,
    webhook: Path<u64>,
) -> Result<HttpResponse, ControlError> {
    if simulator.redeliver(*webhook) {
        Ok(HttpResponse::Accepted().finish())
    } else {
        Err(ControlError::NotFound(format!(
            "remembered webhook {webhook}"
        )))
    }
}

pub(super) async fn send(
    simulator: Data<Simulator>,
    custom: Json<CustomWebhook>,
) -> Result<HttpResponse, ControlError> {
    let number = simulator.send_webhook(custom.into_inner())?;
    Ok(HttpResponse::Accepted().json(json!({ "webhook": number })))
}

pub(super) async fn disturbance(simulator: Data<Simulator>) -> HttpResponse {
    HttpResponse::Ok().json(simulator.disturbance())
}

pub(super) async fn disturb(
    simulator: Data<Simulator>,
    disturbance: Json<Disturbance>,
) -> Result<HttpResponse, ControlError> {
    simulator.set_disturbance(disturbance.into_inner())?;
    Ok(HttpResponse::Ok().json(simulator.disturbance()))
}

pub(super) async fn requests(simulator: Data<Simulator>) -> HttpResponse {
    HttpResponse::Ok().json(simulator.api_requests())
}
