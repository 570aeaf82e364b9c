//! What a session may link.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::error::ApiError;
use crate::api::exchange::Reply;
use crate::connector::Connector;
use crate::fault::Operation;
use crate::hub::access::with_session;
use crate::simulator::Simulator;

#[derive(Deserialize)]
pub(super) struct Only {
    provider: Option<String>,
}

/// `GET /hub/settings`: which account is edited, where one is.
pub(super) async fn settings(request: HttpRequest, simulator: Data<Simulator>) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubSettings,
        None,
        |session, _| {
            let mut json = json!({ "enabled_features": [] });
            if let Some(id) = &session.asked.account_id {
                json["existing_account_id"] = json!(id);
            }
            Ok(Reply::Json(StatusCode::OK, json))
        },
    )
    .await
}

/// `GET /hub/connectors`
pub(super) async fn list(
    request: HttpRequest,
    simulator: Data<Simulator>,
    only: Query<Only>,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubConnectors,
        None,
        |session, _| {
            let is_asked_for = |connector: &&Connector| {
                session.offers(connector.provider, connector.category)
                    && only
                        .provider
                        .as_deref()
                        .is_none_or(|only| only == connector.provider)
            };
            let rows: Vec<Value> = Connector::all()
                .filter(is_asked_for)
                .map(Connector::in_list)
                .collect();
            Ok(Reply::Json(StatusCode::OK, json!({ "integrations": rows })))
        },
    )
    .await
}

/// `GET /hub/connectors/{integration_id}`
pub(super) async fn get(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubConnectors,
        None,
        |_, _| {
            let connector = Connector::of_integration(&id);
            let connector = connector.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))?;
            Ok(Reply::Json(StatusCode::OK, connector.in_full()))
        },
    )
    .await
}
