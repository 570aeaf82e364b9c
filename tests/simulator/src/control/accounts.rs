//! Accounts: link, change, unlink.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Json, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{Account, AccountId, NewAccount};
use crate::account_json::{ApiVersion, to_json};
use crate::account_status::{AccountStatus, StatusReason};
use crate::control::error::ControlError;
use crate::notify::Notify;
use crate::simulator::Simulator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusChange {
    status: AccountStatus,
    #[serde(default)]
    reasons: Vec<StatusReason>,
    #[serde(default)]
    notify: Notify,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelChange {
    label: Option<String>,
    #[serde(default)]
    notify: Notify,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    notify: Notify,
}

pub(super) async fn list(simulator: Data<Simulator>) -> HttpResponse {
    let accounts: Vec<Value> = simulator.linked_accounts().iter().map(show).collect();
    HttpResponse::Ok().json(accounts)
}

pub(super) async fn link(
    simulator: Data<Simulator>,
    new: Json<NewAccount>,
) -> Result<HttpResponse, ControlError> {
    let id = simulator.link(&new)?;
    Ok(HttpResponse::Created().json(simulator.account(&id).as_ref().map(show)))
}

pub(super) async fn set_status(
    simulator: Data<Simulator>,
    id: Path<String>,
    change: Json<StatusChange>,
) -> Result<HttpResponse, ControlError> {
    let id = AccountId::from(id.into_inner());
    let change = change.into_inner();
    simulator.set_status(&id, change.status, change.reasons, change.notify)?;
    Ok(changed(&simulator, &id))
}

pub(super) async fn refresh(
    simulator: Data<Simulator>,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ControlError> {
    let id = AccountId::from(id.into_inner());
    simulator.refresh_credentials(&id, read(&body)?.notify)?;
    Ok(changed(&simulator, &id))
}

pub(super) async fn set_label(
    simulator: Data<Simulator>,
    id: Path<String>,
    change: Json<LabelChange>,
) -> Result<HttpResponse, ControlError> {
    let id = AccountId::from(id.into_inner());
    let change = change.into_inner();
    simulator.set_label(&id, change.label, change.notify)?;
    Ok(changed(&simulator, &id))
}

pub(super) async fn unlink(
    simulator: Data<Simulator>,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ControlError> {
    let id = AccountId::from(id.into_inner());
    simulator.unlink(&id, read(&body)?.notify)?;
    Ok(changed(&simulator, &id))
}

/// No body is the same as `{}`.
fn read(body: &[u8]) -> Result<Change, ControlError> {
    if body.is_empty() {
        return Ok(Change::default());
    }
    serde_json::from_slice(body).map_err(|error| ControlError::Unreadable(error.to_string()))
}

fn changed(simulator: &Simulator, id: &AccountId) -> HttpResponse {
    HttpResponse::Ok().json(simulator.account(id).as_ref().map(show))
}

/// As the API shows it, with what only the simulator knows.
fn show(account: &Account) -> Value {
    let mut json = to_json(account, ApiVersion::V1);
    json["project_id"] = json!(account.project_id);
    json["unlinked"] = json!(account.unlinked);
    json
}
