//! What a person at a shell reads when a switch did not move: `{"error": "…"}`.

use actix_web::error::{JsonPayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::web::{JsonConfig, QueryConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use crate::account_store::AccountError;
use crate::delivery::InvalidDisturbance;
use crate::fault::InvalidFault;

/// A request to the switches that was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Fault(#[from] InvalidFault),
    #[error(transparent)]
    Disturbance(#[from] InvalidDisturbance),
    #[error("cannot read the request: {0}")]
    Unreadable(String),
    #[error("there is no {0}")]
    NotFound(String),
}

impl ResponseError for ControlError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Account(AccountError::NotFound(_)) | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Account(AccountError::AlreadyLinked(_)) => StatusCode::CONFLICT,
            Self::Account(AccountError::UnknownProject(_))
            | Self::Fault(_)
            | Self::Disturbance(_)
            | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}

/// JSON bodies of any content type, so that plain `curl -d` works, and errors in our own form.
pub(crate) fn json_config() -> JsonConfig {
    JsonConfig::default()
        .content_type_required(false)
        .content_type(|_any| true)
        .error_handler(|error: JsonPayloadError, _: &HttpRequest| {
            ControlError::Unreadable(error.to_string()).into()
        })
}

pub(crate) fn query_config() -> QueryConfig {
    QueryConfig::default().error_handler(|error: QueryPayloadError, _: &HttpRequest| {
        ControlError::Unreadable(error.to_string()).into()
    })
}

pub(crate) async fn unknown_path(request: HttpRequest) -> HttpResponse {
    ControlError::NotFound(format!("{} {}", request.method(), request.path())).error_response()
}
