//! Wraps every request: limits, metrics, one log line, and the headers of its answer.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, HeaderName, HeaderValue, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError as _};

use crate::connect::Connect;
use crate::limits;
use crate::problem::{Problem, Reason};

pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let Some(connect) = request.app_data::<Data<Connect>>().cloned() else {
        return Err(Problem::from(Reason::Internal).into());
    };
    let origin = allowed_origin(&connect, &request);
    let mut response = match admitted(&connect, &request) {
        Some(answer) => request.into_response(answer).map_into_boxed_body(),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    limits::is_served(response.request());
    finish(&connect, &mut response, origin);
    count(&connect, &response, started);
    Ok(response)
}

/// Answers requests that no handler gets: preflight requests of browsers, and those beyond a limit.
fn admitted(connect: &Connect, request: &ServiceRequest) -> Option<HttpResponse> {
    let asks = request
        .headers()
        .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() == Method::OPTIONS && asks {
        return Some(HttpResponse::NoContent().finish());
    }
    let refused = |reason| Some(Problem::from(reason).error_response());
    if request.path().starts_with("/v1/") && !connect.readiness.is_ready() {
        return refused(Reason::NotReady);
    }
    let placed = connect.limits.admit(request.request());
    placed.err().and_then(|problem| refused(problem.reason))
}

/// Returns the origin of the calling page, where it is configured.
fn allowed_origin(connect: &Connect, request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    let origins = &connect.settings.cors.origins;
    let is_allowed = origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes());
    is_allowed.then(|| origin.clone())
}

fn finish(connect: &Connect, response: &mut ServiceResponse<BoxBody>, origin: Option<HeaderValue>) {
    let is_question = response.request().method() == Method::OPTIONS;
    let head = response.response_mut().head_mut();
    let headers = head.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(CACHE_CONTROL, "no-store");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(VARY, "Origin");
    if let Some(origin) = origin {
        set(ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After, ETag");
        if is_question {
            set(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE");
            set(
                ACCESS_CONTROL_ALLOW_HEADERS,
                "Authorization, Content-Type, Idempotency-Key",
            );
            set(ACCESS_CONTROL_MAX_AGE, "600");
        }
        if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }
    if connect.readiness.is_draining() {
        // A connection that is kept would be cut when the service stops, perhaps during its next
        // request.
        head.set_connection_type(ConnectionType::Close);
    }
}

/// Logs each refusal in one line. The path is left out, since an id in it belongs to somebody.
fn count(connect: &Connect, response: &ServiceResponse<BoxBody>, started: Instant) {
    let status = response.status();
    connect.metrics.answered(status.as_u16(), started.elapsed());
    let by_enum = response.response().extensions().get::<Reason>().copied();
    let reason = match (by_enum, status.is_success() || status.is_redirection()) {
        (Some(reason), _) => reason,
        (None, true) => return,
        (None, false) => Reason::MalformedRequest,
    };
    connect.metrics.refused(reason);
    let method = response.request().method().as_str();
    if status.is_server_error() {
        tracing::warn!(
            method,
            reason = reason.label(),
            status = status.as_u16(),
            "request refused"
        );
    } else {
        tracing::debug!(
            method,
            reason = reason.label(),
            status = status.as_u16(),
            "request refused"
        );
    }
}
