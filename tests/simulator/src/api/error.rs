//! StackOne's error bodies: `{statusCode, message, timestamp}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::fault::RetryAfter;
use crate::timestamp;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    retry_after: Option<String>,
}

impl ApiError {
    /// With the message that the OpenAPI document shows for this status.
    pub(crate) fn new(status: StatusCode) -> Self {
        let message = match status {
            StatusCode::FORBIDDEN => "Forbidden resource",
            StatusCode::REQUEST_TIMEOUT => "Request timed out",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            other => other.canonical_reason().unwrap_or("Error"),
        };
        Self::with_message(status, message.to_owned())
    }

    pub(crate) fn with_message(status: StatusCode, message: String) -> Self {
        Self {
            status,
            message,
            retry_after: None,
        }
    }

    pub(crate) fn retry_after(self, retry_after: Option<RetryAfter>) -> Self {
        Self {
            retry_after: retry_after.map(|form| header(form, Timestamp::now())),
            ..self
        }
    }

    /// The answer with StackOne's JSON body.
    pub(crate) fn respond(&self) -> HttpResponse {
        self.head().json(json!({
            "statusCode": self.status.as_u16(),
            "message": self.message,
            "timestamp": format!("{:.3}", timestamp::now()),
        }))
    }

    /// The answer with somebody else's body, as a gateway gives it.
    pub(crate) fn respond_with(&self, body: String) -> HttpResponse {
        self.head().content_type("text/html").body(body)
    }

    fn head(&self) -> actix_web::HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status);
        if let Some(value) = &self.retry_after {
            response.insert_header((RETRY_AFTER, value.as_str()));
        }
        response
    }
}

fn header(form: RetryAfter, now: Timestamp) -> String {
    match form {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::DateInSeconds(seconds) => {
            let ahead = i64::try_from(seconds).unwrap_or(i64::MAX);
            http_date(now, ahead).unwrap_or_else(|| seconds.to_string())
        }
    }
}

/// The time so many seconds from `now` as headers have it; none for a year before 0.
pub(crate) fn http_date(now: Timestamp, ahead_seconds: i64) -> Option<String> {
    let ahead = SignedDuration::from_secs(ahead_seconds);
    let at = now.saturating_add(ahead).unwrap_or(now);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_a_number_or_an_http_date() {
        let now = Timestamp::from_second(0).unwrap();
        assert_eq!(header(RetryAfter::Seconds(60), now), "60");
        assert_eq!(
            header(RetryAfter::DateInSeconds(60), now),
            "Thu, 01 Jan 1970 00:01:00 GMT"
        );
    }

    #[test]
    fn messages_are_the_documented_ones() {
        for (status, message) in [
            (StatusCode::UNAUTHORIZED, "Unauthorized"),
            (StatusCode::FORBIDDEN, "Forbidden resource"),
            (StatusCode::NOT_FOUND, "Not Found"),
            (StatusCode::REQUEST_TIMEOUT, "Request timed out"),
            (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            (StatusCode::BAD_GATEWAY, "Bad Gateway"),
        ] {
            assert_eq!(ApiError::new(status).message, message);
        }
    }
}
