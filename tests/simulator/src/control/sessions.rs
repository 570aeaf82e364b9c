//! Connect sessions: what there is, and ending one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

use crate::control::error::ControlError;
use crate::session::Session;
use crate::simulator::Simulator;

/// Without their tokens, which are secrets.
pub(super) async fn list(simulator: Data<Simulator>) -> HttpResponse {
    let sessions: Vec<Value> = simulator.list_sessions().iter().map(show).collect();
    HttpResponse::Ok().json(sessions)
}

/// From now on its token is refused.
pub(super) async fn end(
    simulator: Data<Simulator>,
    id: Path<u64>,
) -> Result<HttpResponse, ControlError> {
    if simulator.end_session(*id) {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ControlError::NotFound(format!("session {id}")))
    }
}

fn show(session: &Session) -> Value {
    json!({
        "id": session.id,
        "project_id": session.project_id,
        "origin_owner_id": session.asked.origin_owner_id,
        "provider": session.asked.provider,
        "account_id": session.asked.account_id,
        "created_at": format!("{:.3}", session.created_at),
        "expires_at": format!("{:.3}", session.expires_at),
    })
}
