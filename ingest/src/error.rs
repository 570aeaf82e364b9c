//! A refused request: what became of it, and the cause where Kafka is one.

use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use stackone_link_transport::PublishError;

use crate::outcome::Outcome;

/// A request that was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("{}", .outcome.reason())]
pub(crate) struct Refusal {
    outcome: Outcome,
    #[source]
    cause: Option<PublishError>,
}

impl Refusal {
    /// What became of the request.
    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What Kafka said, in one line.
    pub(crate) fn cause(&self) -> Option<String> {
        let error = self.cause.as_ref()?;
        let innermost = error.source().map(ToString::to_string);
        Some(innermost.unwrap_or_else(|| error.to_string()))
    }
}

impl From<Outcome> for Refusal {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            cause: None,
        }
    }
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        let outcome = match &error {
            PublishError::QueueFull => Outcome::QueueFull,
            PublishError::TooLarge(_) => Outcome::TooLargeForBroker,
            PublishError::NotAcknowledged(_) => Outcome::NotAcknowledged,
            PublishError::Topic(_) => Outcome::TopicUnavailable,
            PublishError::Fatal(_) => Outcome::ProducerFailed,
        };
        Self {
            outcome,
            cause: Some(error),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.outcome.status()
    }

    fn error_response(&self) -> HttpResponse {
        let reason = self.outcome.public_reason();
        answer(self.outcome, format!(r#"{{"error":"{reason}"}}"#))
    }
}

/// The answer to an accepted webhook. StackOne reads only the status; the id is for whoever compares with Kafka.
pub(crate) fn accepted(outcome: Outcome, id: uuid::Uuid) -> HttpResponse {
    answer(outcome, format!(r#"{{"id":"{id}"}}"#))
}

/// An answer with everything that follows from the outcome, and the outcome itself for whoever counts.
fn answer(outcome: Outcome, body: String) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(outcome.status());
    if let Some(seconds) = outcome.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if outcome == Outcome::MethodNotAllowed {
        response.insert_header((ALLOW, "POST"));
    }
    if !outcome.is_authentic() {
        response.force_close();
    }
    let mut response = response.content_type("application/json").body(body);
    response.extensions_mut().insert(outcome);
    response
}
