//! What became of a request. Status code, metric label, log reason and body all follow from this one enum.

mod meaning;

use actix_web::http::StatusCode;

pub use meaning::table_of_answers;

/// Seconds that `Retry-After` asks StackOne to wait. What makes us refuse is over in seconds or lasts for minutes;
/// either way a retry is cheap, since it is refused at once.
const RETRY_AFTER_SECONDS: &str = "5";

/// What became of a request to the public listener. Every request has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// On the topic it belongs to.
    Stored,
    /// Authentic, but of no use to us; on the unrecognized topic.
    Unrecognized,
    /// Authentic, but it names a project its source must not speak for; on the unrecognized topic.
    ProjectMismatch,
    /// Authentic, not about an account, and `record_events = "drop"`.
    RecordDropped,
    /// No such path.
    UnknownPath,
    /// No such source.
    UnknownSource,
    /// Not a POST.
    MethodNotAllowed,
    /// No signature header.
    SignatureAbsent,
    /// More than one signature header.
    SignatureRepeated,
    /// The signature header is not 43 characters of base64url.
    SignatureMalformed,
    /// The right signature in hex, padded or standard base64.
    WrongEncoding,
    /// Signed with no live secret of the source.
    BadSignature,
    /// The body is larger than `limits.max_body_bytes`.
    BodyTooLarge,
    /// The broker does not take a record of this size.
    TooLargeForBroker,
    /// The body did not come within `server.body_deadline`.
    BodyTooSlow,
    /// The body ended early or was not encoded as HTTP has it.
    BodyUnreadable,
    /// Too much was being read that had not been authenticated.
    BusyReading,
    /// The body had been waited for while too much was being read, and was given up for who came then.
    GaveWay,
    /// Too many authentic webhooks were waiting for Kafka.
    BusyPublishing,
    /// The producer's queue was full.
    QueueFull,
    /// The broker did not acknowledge in time. It may have the record.
    NotAcknowledged,
    /// The topic is missing or must not be written.
    TopicUnavailable,
    /// The producer failed for good. The broker may have the record.
    ProducerFailed,
    /// The client closed the connection before it was answered.
    ClientGone,
    /// We have a bug.
    InternalError,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 25] = [
        Self::Stored,
        Self::Unrecognized,
        Self::ProjectMismatch,
        Self::RecordDropped,
        Self::UnknownPath,
        Self::UnknownSource,
        Self::MethodNotAllowed,
        Self::SignatureAbsent,
        Self::SignatureRepeated,
        Self::SignatureMalformed,
        Self::WrongEncoding,
        Self::BadSignature,
        Self::BodyTooLarge,
        Self::TooLargeForBroker,
        Self::BodyTooSlow,
        Self::BodyUnreadable,
        Self::BusyReading,
        Self::GaveWay,
        Self::BusyPublishing,
        Self::QueueFull,
        Self::NotAcknowledged,
        Self::TopicUnavailable,
        Self::ProducerFailed,
        Self::ClientGone,
        Self::InternalError,
    ];

    /// Its name in metrics and logs.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Unrecognized => "unrecognized",
            Self::ProjectMismatch => "project_mismatch",
            Self::RecordDropped => "record_dropped",
            Self::UnknownPath => "unknown_path",
            Self::UnknownSource => "unknown_source",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::SignatureAbsent => "signature_absent",
            Self::SignatureRepeated => "signature_repeated",
            Self::SignatureMalformed => "signature_malformed",
            Self::WrongEncoding => "wrong_encoding",
            Self::BadSignature => "bad_signature",
            Self::BodyTooLarge => "body_too_large",
            Self::TooLargeForBroker => "too_large_for_broker",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyUnreadable => "body_unreadable",
            Self::BusyReading => "busy_reading",
            Self::GaveWay => "gave_way",
            Self::BusyPublishing => "busy_publishing",
            Self::QueueFull => "queue_full",
            Self::NotAcknowledged => "not_acknowledged",
            Self::TopicUnavailable => "topic_unavailable",
            Self::ProducerFailed => "producer_failed",
            Self::ClientGone => "client_gone",
            Self::InternalError => "internal_error",
        }
    }

    /// The status it is answered with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Stored | Self::Unrecognized | Self::ProjectMismatch | Self::RecordDropped => {
                StatusCode::OK
            }
            Self::UnknownPath | Self::UnknownSource => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SignatureAbsent
            | Self::SignatureRepeated
            | Self::SignatureMalformed
            | Self::WrongEncoding
            | Self::BadSignature => StatusCode::UNAUTHORIZED,
            Self::BodyTooLarge | Self::TooLargeForBroker => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyUnreadable | Self::ClientGone => StatusCode::BAD_REQUEST,
            Self::BusyReading
            | Self::GaveWay
            | Self::BusyPublishing
            | Self::QueueFull
            | Self::NotAcknowledged
            | Self::TopicUnavailable
            | Self::ProducerFailed => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether it is had only by who has signed with a live secret. Nobody else's connection is kept open: the server times
    /// the headers of a connection's first request alone.
    #[must_use]
    pub const fn is_authentic(self) -> bool {
        match self {
            Self::Stored
            | Self::Unrecognized
            | Self::ProjectMismatch
            | Self::RecordDropped
            | Self::TooLargeForBroker
            | Self::BusyPublishing
            | Self::QueueFull
            | Self::NotAcknowledged
            | Self::TopicUnavailable
            | Self::ProducerFailed => true,
            Self::UnknownPath
            | Self::UnknownSource
            | Self::MethodNotAllowed
            | Self::SignatureAbsent
            | Self::SignatureRepeated
            | Self::SignatureMalformed
            | Self::WrongEncoding
            | Self::BadSignature
            | Self::BodyTooLarge
            | Self::BodyTooSlow
            | Self::BodyUnreadable
            | Self::BusyReading
            | Self::GaveWay
            | Self::ClientGone
            | Self::InternalError => false,
        }
    }

    /// What the client is told: the reason, but for a 401, which must not tell a forger how close he came.
    #[must_use]
    pub fn public_reason(self) -> &'static str {
        if self.status() == StatusCode::UNAUTHORIZED {
            "unauthorized"
        } else {
            self.reason()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_outcome_has_its_own_name() {
        let names: HashSet<_> = Outcome::ALL
            .iter()
            .map(|outcome| outcome.reason())
            .collect();
        assert_eq!(names.len(), Outcome::ALL.len());
    }

    #[test]
    fn no_401_tells_more_than_another() {
        let unauthorized = Outcome::ALL
            .iter()
            .filter(|outcome| outcome.status() == StatusCode::UNAUTHORIZED);
        let told: HashSet<_> = unauthorized
            .map(|outcome| outcome.public_reason())
            .collect();
        assert_eq!(told, HashSet::from(["unauthorized"]));
    }
}
