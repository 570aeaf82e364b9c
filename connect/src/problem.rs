//! Refusals as `application/problem+json` (RFC 9457). The status, the type, the label of the metric
//! and the reason in the log of a refused request follow from one enum.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;
use strum::{EnumIter, IntoStaticStr};

use crate::session::SessionState;

/// Why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Reason {
    /// The request has no valid service token, JWT, client token or link secret.
    Unauthenticated,
    /// A page sent a service token.
    ServiceTokenInBrowser,
    /// The caller may not do this.
    Forbidden,
    /// The id is malformed, or names no session or account of this tenant.
    NotFound,
    /// No route has this path.
    UnknownPath,
    /// The path does not allow this method.
    MethodNotAllowed,
    /// The body cannot be read.
    MalformedRequest,
    /// The body is too large.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// A member of the body, the query or a header has an invalid value.
    InvalidRequest,
    /// The `Idempotency-Key` stood for another request before.
    IdempotencyConflict,
    /// The session's state does not allow this.
    SessionOver,
    /// The tenant, the session or all callers together have reached a limit.
    TooManyRequests,
    /// The service has too many requests in flight.
    Overloaded,
    /// Kafka does not acknowledge, or the fact was not read back in time.
    LogUnavailable,
    /// The topics were not read to their ends yet.
    NotReady,
    /// StackOne does not answer, or asks to wait.
    StackoneUnavailable,
    /// StackOne refuses our key or our request.
    StackoneRefused,
    /// The service has a bug.
    Internal,
}

/// A refusal, with what the caller learns of it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .reason.label())]
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) detail: Option<&'static str>,
    pub(crate) state: Option<SessionState>,
    /// When to try again, in seconds (`Retry-After`).
    pub(crate) retry_after: Option<u64>,
}

/// A refusal as the caller gets it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProblemDocument {
    /// The kind of problem, as a URI that stays the same.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind of problem, for a person.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'static str>,
    /// The state of the session, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<SessionState>,
}

impl Reason {
    /// Returns the label of the metric, which is also the reason in the log and the end of the
    /// type.
    #[must_use]
    pub(crate) fn label(self) -> &'static str {
        self.into()
    }

    const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "Authentication is required"),
            Self::ServiceTokenInBrowser => (
                StatusCode::FORBIDDEN,
                "A service token must not be in a page",
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is none"),
            Self::UnknownPath => (StatusCode::NOT_FOUND, "No such path"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Not this method"),
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
            Self::InvalidRequest => (StatusCode::UNPROCESSABLE_ENTITY, "The request is not valid"),
            Self::IdempotencyConflict => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The Idempotency-Key stands for another request",
            ),
            Self::SessionOver => (
                StatusCode::CONFLICT,
                "The session does not allow it any more",
            ),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "Too much at once"),
            Self::LogUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "It may not be stored"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "Not ready yet"),
            Self::StackoneUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "StackOne cannot be asked now",
            ),
            Self::StackoneRefused => (StatusCode::BAD_GATEWAY, "StackOne refuses"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "A bug"),
        }
    }

    /// Returns after how many seconds the same request may be served.
    const fn retry_after(self) -> Option<u64> {
        match self {
            Self::Overloaded | Self::LogUnavailable | Self::NotReady => Some(1),
            Self::StackoneUnavailable => Some(5),
            Self::TooManyRequests => Some(60),
            Self::Unauthenticated
            | Self::ServiceTokenInBrowser
            | Self::Forbidden
            | Self::NotFound
            | Self::UnknownPath
            | Self::MethodNotAllowed
            | Self::MalformedRequest
            | Self::TooLarge
            | Self::TooSlow
            | Self::InvalidRequest
            | Self::IdempotencyConflict
            | Self::SessionOver
            | Self::StackoneRefused
            | Self::Internal => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.label())
    }
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            detail: None,
            state: None,
            retry_after: reason.retry_after(),
        }
    }
}

impl Problem {
    /// Refuses a value. The message says nothing of what was sent.
    pub(crate) fn invalid(detail: &'static str) -> Self {
        Self {
            detail: Some(detail),
            ..Reason::InvalidRequest.into()
        }
    }

    /// Refuses because the session is over.
    pub(crate) fn over(state: SessionState) -> Self {
        Self {
            state: Some(state),
            ..Reason::SessionOver.into()
        }
    }

    /// Adds when to try again, in seconds.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds.max(1)),
            ..self
        }
    }

    fn document(&self) -> ProblemDocument {
        let (status, title) = self.reason.answer();
        ProblemDocument {
            kind: format!("urn:stackone-connect:problem:{}", self.reason.label()),
            title,
            status: status.as_u16(),
            detail: self.detail,
            state: self.state,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.reason.answer().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.reason == Reason::Unauthenticated {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = response.content_type("application/problem+json").body(body);
        response.extensions_mut().insert(self.reason);
        response
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_refusal_has_its_own_type_and_one_that_passes_says_when_to_try_again() {
        let mut kinds: Vec<_> = Reason::iter()
            .map(|reason| Problem::from(reason).document().kind)
            .collect();
        let all = kinds.len();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
        for reason in Reason::iter() {
            let response = Problem::from(reason).error_response();
            let passes = matches!(response.status().as_u16(), 429 | 503);
            assert_eq!(
                response.headers().contains_key("retry-after"),
                passes,
                "{reason}"
            );
            let kind = response.headers().get("content-type").unwrap();
            assert_eq!(kind, "application/problem+json");
        }
    }
}
