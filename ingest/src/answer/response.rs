//! The answer of each outcome.

use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use uuid::Uuid;

use super::outcome::Outcome;

/// The answer to an accepted webhook. StackOne reads only the status; the id is for whoever
/// compares with Kafka.
pub(crate) fn accepted(outcome: Outcome, id: Uuid) -> HttpResponse {
    let mut text = Uuid::encode_buffer();
    let id: &str = id.as_hyphenated().encode_lower(&mut text);
    answer(outcome, [r#"{"id":""#, id, r#""}"#].concat())
}

/// The answer to a request that was not accepted.
pub(super) fn refused(outcome: Outcome) -> HttpResponse {
    let reason = outcome.public_reason();
    answer(outcome, format!(r#"{{"error":"{reason}"}}"#))
}

/// An answer with everything that follows from the outcome, and the outcome itself for whoever
/// counts.
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
