//! A refused request: what became of it, and the cause where Kafka is one.

use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use stackone_link_transport::PublishError;

use super::outcome::Outcome;
use super::response::refused;

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
        refused(self.outcome)
    }
}
