//! Faults: on and off.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde_json::{Value, json};

use crate::control::error::ControlError;
use crate::fault::{FaultId, FaultRule};
use crate::simulator::Simulator;

pub(super) async fn list(simulator: Data<Simulator>) -> HttpResponse {
    HttpResponse::Ok().json(show(&simulator))
}

/// Switches one more on.
pub(super) async fn add(
    simulator: Data<Simulator>,
    rule: Json<FaultRule>,
) -> Result<HttpResponse, ControlError> {
    let id = simulator.faults().set(rule.into_inner())?;
    Ok(HttpResponse::Created().json(json!({ "id": id })))
}

/// Makes these the only ones.
pub(super) async fn replace(
    simulator: Data<Simulator>,
    rules: Json<Vec<FaultRule>>,
) -> Result<HttpResponse, ControlError> {
    rules.iter().try_for_each(FaultRule::validate)?;
    simulator.faults().clear_all();
    for rule in rules.into_inner() {
        simulator.faults().set(rule)?;
    }
    Ok(HttpResponse::Ok().json(show(&simulator)))
}

pub(super) async fn clear_all(simulator: Data<Simulator>) -> HttpResponse {
    simulator.faults().clear_all();
    HttpResponse::NoContent().finish()
}

pub(super) async fn clear(
    simulator: Data<Simulator>,
    id: Path<FaultId>,
) -> Result<HttpResponse, ControlError> {
    if simulator.faults().clear(*id) {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ControlError::NotFound(format!("fault {}", id.0)))
    }
}

fn show(simulator: &Simulator) -> Vec<Value> {
    let each = simulator.faults().list().into_iter();
    each.map(|(id, rule)| {
        let mut json = json!(rule);
        json["id"] = json!(id);
        json
    })
    .collect()
}
