//! Connect sessions, and ending an account: what a backend asks for with its API key.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::account::AccountId;
use crate::account_json::{ApiVersion, to_json};
use crate::api::error::ApiError;
use crate::api::exchange::{Reply, with_key};
use crate::fault::Operation;
use crate::notify::Notify;
use crate::session::SessionRequest;
use crate::simulator::Simulator;

#[derive(Deserialize)]
struct Authentication {
    token: String,
}

/// `POST /connect_sessions`
pub(super) async fn create(
    request: HttpRequest,
    simulator: Data<Simulator>,
    body: Bytes,
) -> HttpResponse {
    let act = |project_id: &str| {
        let asked: SessionRequest = read(&body)?;
        let session = simulator
            .create_session(project_id, asked)
            .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))?;
        let link = simulator.auth_link_url(&session);
        let json = session.with_token(simulator.organization_id(), &link);
        Ok(Reply::Json(StatusCode::CREATED, json))
    };
    with_key(&request, &simulator, Operation::CreateSession, None, act).await
}

/// `POST /connect_sessions/authenticate`
pub(super) async fn authenticate(
    request: HttpRequest,
    simulator: Data<Simulator>,
    body: Bytes,
) -> HttpResponse {
    let act = |project_id: &str| {
        let Authentication { token } = read(&body)?;
        let session = simulator
            .session_of(&token)
            .filter(|session| session.project_id == project_id)
            .ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED))?;
        let latest = simulator.latest_attempt(&session);
        let json = session.with_attempt(simulator.organization_id(), latest.as_ref());
        Ok(Reply::Json(StatusCode::CREATED, json))
    };
    with_key(&request, &simulator, Operation::Authenticate, None, act).await
}

/// `DELETE /accounts/{id}`: the account as it was.
pub(super) async fn delete_account(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    let act = |project_id: &str| {
        let not_found = || ApiError::new(StatusCode::NOT_FOUND);
        let account_id = AccountId::from(id.as_str());
        let account = simulator
            .linked_account(project_id, &account_id)
            .ok_or_else(not_found)?;
        let unlinked = simulator.unlink(&account_id, Notify::Send);
        unlinked.map_err(|_gone_meanwhile| not_found())?;
        Ok(Reply::Json(
            StatusCode::OK,
            to_json(&account, ApiVersion::V1),
        ))
    };
    with_key(&request, &simulator, Operation::Delete, Some(&id), act).await
}

/// A body, whatever its content type says.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::with_message(StatusCode::BAD_REQUEST, error.to_string()))
}
