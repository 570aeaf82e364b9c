//! Saving what the form was filled with.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::{Account, AccountId};
use crate::api::error::ApiError;
use crate::api::exchange::Reply;
use crate::api::sessions::read;
use crate::connector::Connector;
use crate::fault::{Fault, Operation};
use crate::hub::access::with_session;
use crate::session::Session;
use crate::simulator::Simulator;

#[derive(Deserialize)]
struct Filled {
    integration_id: String,
    #[serde(default)]
    credentials: Map<String, Value>,
}

/// `GET /hub/accounts/{id}`: what the form of an edit begins with.
pub(super) async fn get(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubAccount,
        Some(&id),
        |session, _| {
            let account = edited(&simulator, session, &id)?;
            let connector = Connector::of_provider(&account.provider);
            let connector = connector.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))?;
            let setup = account.setup_information.as_ref();
            Ok(Reply::Json(
                StatusCode::OK,
                connector.of_account(&id, setup),
            ))
        },
    )
    .await
}

/// `POST /hub/accounts`
pub(super) async fn create(
    request: HttpRequest,
    simulator: Data<Simulator>,
    body: Bytes,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubSave,
        None,
        |session, fault| {
            let filled: Filled = read(&body)?;
            let connector = connector_of(&filled)?;
            let setup = connector.kept(&filled.credentials).map_err(incomplete)?;
            let as_edit = matches!(fault, Some(Fault::CreateAsEdit));
            let id = simulator.connect(session, connector, setup, as_edit);
            let id = id.ok_or_else(|| ApiError::new(StatusCode::CONFLICT))?;
            let json = json!({ "id": id, "provider": connector.provider });
            Ok(Reply::Json(StatusCode::CREATED, json))
        },
    )
    .await
}

/// `PATCH /hub/accounts/{id}`. A field that is left out is as it was.
pub(super) async fn update(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubSave,
        Some(&id),
        |session, _| {
            let account = edited(&simulator, session, &id)?;
            let filled: Filled = read(&body)?;
            let connector = connector_of(&filled)?;
            let is_kept = |key: &str| {
                let mut fields = connector.fields.iter();
                fields.any(|field| field.key == key && !field.is_secret)
            };
            let setup = filled.credentials.into_iter();
            let setup = setup.filter(|(key, _)| is_kept(key)).collect();
            if simulator.sign_in_anew(&account.id, setup) {
                Ok(Reply::Empty(StatusCode::NO_CONTENT))
            } else {
                Err(ApiError::new(StatusCode::NOT_FOUND))
            }
        },
    )
    .await
}

fn edited(simulator: &Simulator, session: &Session, id: &str) -> Result<Account, ApiError> {
    simulator
        .account_in(session, &AccountId::from(id))
        .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))
}

fn connector_of(filled: &Filled) -> Result<&'static Connector, ApiError> {
    let unknown = || {
        let message = format!("there is no integration {:?}", filled.integration_id);
        ApiError::with_message(StatusCode::BAD_REQUEST, message)
    };
    Connector::of_integration(&filled.integration_id).ok_or_else(unknown)
}

fn incomplete(message: String) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}
