//! Who may ask: a session's token, from any page.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};

use crate::api::error::ApiError;
use crate::api::exchange::{Exchange, Reply};
use crate::fault::{Fault, Operation};
use crate::session::Session;
use crate::simulator::Simulator;

const TOKEN: &str = "x-hub-session-token";
const METHODS: &str = "GET, POST, PATCH, DELETE, OPTIONS";
const HEADERS: &str = "content-type, x-hub-session-token, x-hub-version";

/// Allows the page that asks, errors included: without that it could not read them.
pub(super) async fn cross_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.call(request).await?;
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(HEADERS),
        );
    }
    Ok(response)
}

/// What a browser asks before each call.
pub(super) async fn preflight() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Lets the session in, and answers.
pub(super) async fn with_session(
    request: &HttpRequest,
    simulator: &Simulator,
    operation: Operation,
    account_id: Option<&str>,
    act: impl FnOnce(&Session, Option<&Fault>) -> Result<Reply, ApiError>,
) -> HttpResponse {
    let token = request.headers().get(TOKEN);
    let token = token.and_then(|token| token.to_str().ok()).unwrap_or("");
    let Some(session) = simulator.session_of(token) else {
        let status = StatusCode::UNAUTHORIZED;
        simulator.requests().count(None, operation, status.as_u16());
        return ApiError::new(status).respond();
    };
    let exchange = Exchange {
        request,
        simulator,
        project_id: &session.project_id,
        operation,
        account_id,
    };
    exchange.answer(|fault| act(&session, fault)).await
}
