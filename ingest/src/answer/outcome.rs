//! What became of a request. Status code, metric label, log reason and body all follow from this
//! one table.

mod table;

use actix_web::http::StatusCode;

pub use table::table_of_answers;

/// Seconds that `Retry-After` asks StackOne to wait. What makes us refuse is over in seconds or
/// lasts for minutes; either way a retry is cheap, since it is refused at once.
const RETRY_AFTER_SECONDS: &str = "5";

/// Declares the outcomes: name, status, whether it is had by `anyone` or only by who has `signed`
/// with a live secret, and what it means to whoever has to act on it.
macro_rules! outcomes {
    ($($name:ident, $status:ident, $by:ident, $meaning:literal;)+) => {
        /// What became of a request to the public listener. Every request has exactly one.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr,
        )]
        #[strum(serialize_all = "snake_case")]
        pub enum Outcome {
            $(#[doc = $meaning] $name,)+
        }

        impl Outcome {
            /// Every outcome.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            /// The status it is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// Whether it is had only by who has signed with a live secret. Nobody else's
            /// connection is kept open: the server times the headers of a connection's first
            /// request alone.
            #[must_use]
            pub const fn is_authentic(self) -> bool {
                match self {
                    $(Self::$name => outcomes!(@$by),)+
                }
            }

            /// What it means, and what to do about it where something has to be done.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)+
                }
            }
        }
    };
    (@signed) => { true };
    (@anyone) => { false };
}

outcomes! {
    Stored, OK, signed,
        "All in-sync replicas have the bytes, on the account or record events topic.";
    Unrecognized, OK, signed,
        "Signed, but no use to us: no JSON object, or no usable `event` or `account_id`. Kept on \
        the unrecognized topic.";
    ProjectMismatch, OK, signed,
        "Signed by a source that is bound to another project. Kept on the unrecognized topic; \
        check `project_id` of the source, and whose secret it has.";
    RecordDropped, OK, signed,
        "Not about an account, and `record_events = \"drop\"` says that nobody wants it.";
    UnknownPath, NOT_FOUND, anyone,
        "There is nothing at this path.";
    UnknownSource, NOT_FOUND, anyone,
        "No source of this name is configured; check the URL that was entered at StackOne.";
    MethodNotAllowed, METHOD_NOT_ALLOWED, anyone,
        "Webhooks are posted.";
    SignatureAbsent, UNAUTHORIZED, anyone,
        "No `x-stackone-signature`.";
    SignatureRepeated, UNAUTHORIZED, anyone,
        "More than one `x-stackone-signature`.";
    SignatureMalformed, UNAUTHORIZED, anyone,
        "The signature is not 43 characters of base64url.";
    WrongEncoding, UNAUTHORIZED, anyone,
        "The right MAC in hex, padded or standard base64: the sender has to encode it as \
        base64url without padding.";
    BadSignature, UNAUTHORIZED, anyone,
        "Signed with no live secret of the source: a forger, a secret that was replaced at \
        StackOne only, or a proxy that changed the body.";
    BodyTooLarge, PAYLOAD_TOO_LARGE, anyone,
        "The body is larger than `limits.max_body_bytes`.";
    TooLargeForBroker, PAYLOAD_TOO_LARGE, signed,
        "Kafka does not take a record of this size. A retry would not help; raise \
        `max.message.bytes` of the topic, which the log names within a minute with what it \
        needs, or a `segment.bytes` that is less.";
    BodyTooSlow, REQUEST_TIMEOUT, anyone,
        "The body did not come within `server.body_deadline`.";
    BodyUnreadable, BAD_REQUEST, anyone,
        "The body ended early, or was not encoded as HTTP has it.";
    BusyReading, SERVICE_UNAVAILABLE, anyone,
        "Too much was being read that had not been authenticated.";
    GaveWay, SERVICE_UNAVAILABLE, anyone,
        "Its body had been waited for while too much was being read that had not been \
        authenticated, and was given up for another.";
    BusyPublishing, SERVICE_UNAVAILABLE, signed,
        "Too many authentic webhooks were waiting for Kafka.";
    QueueFull, SERVICE_UNAVAILABLE, signed,
        "The producer's queue was full: Kafka is slower than the webhooks.";
    NotAcknowledged, SERVICE_UNAVAILABLE, signed,
        "Kafka did not acknowledge in time. It may have the record; the retry has the same \
        `ce_id`.";
    TopicUnavailable, SERVICE_UNAVAILABLE, signed,
        "The topic is missing, must not be written, or is set up so that it does not take the \
        record; the log, `/readyz` and `stackone-processor topics plan` say which.";
    ProducerFailed, SERVICE_UNAVAILABLE, signed,
        "The producer failed for good and is made anew. Kafka may have the record.";
    ClientGone, BAD_REQUEST, anyone,
        "The client closed the connection before it was answered.";
    InternalError, INTERNAL_SERVER_ERROR, anyone,
        "A bug in ingest; the log has it.";
}

impl Outcome {
    /// Its name in metrics and logs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }

    /// What the client is told: the reason, but for a 401, which must not tell a forger how close
    /// he came.
    #[must_use]
    pub fn public_reason(self) -> &'static str {
        if self.status() == StatusCode::UNAUTHORIZED {
            "unauthorized"
        } else {
            self.reason()
        }
    }

    /// Seconds after which the client should try again, where a retry helps.
    #[must_use]
    pub fn retry_after(self) -> Option<&'static str> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
