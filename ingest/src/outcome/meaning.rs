//! What each outcome means to whoever has to act on it, and the table of answers in `docs/answers.md` that is made of it.

use actix_web::http::StatusCode;

use super::{Outcome, RETRY_AFTER_SECONDS};

impl Outcome {
    /// What it means, and what to do about it where something has to be done.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Stored => {
                "All in-sync replicas have the bytes, on the account or record events topic."
            }
            Self::Unrecognized => {
                "Signed, but no use to us: no JSON object, or no usable `event` or `account_id`. Kept on the \
                 unrecognized topic."
            }
            Self::ProjectMismatch => {
                "Signed by a source that is bound to another project. Kept on the unrecognized topic; check \
                 `project_id` of the source, and whose secret it has."
            }
            Self::RecordDropped => {
                "Not about an account, and `record_events = \"drop\"` says that nobody wants it."
            }
            Self::UnknownPath => "There is nothing at this path.",
            Self::UnknownSource => {
                "No source of this name is configured; check the URL that was entered at StackOne."
            }
            Self::MethodNotAllowed => "Webhooks are posted.",
            Self::SignatureAbsent => "No `x-stackone-signature`.",
            Self::SignatureRepeated => "More than one `x-stackone-signature`.",
            Self::SignatureMalformed => "The signature is not 43 characters of base64url.",
            Self::WrongEncoding => {
                "The right MAC in hex, padded or standard base64: the sender has to encode it as base64url without \
                 padding."
            }
            Self::BadSignature => {
                "Signed with no live secret of the source: a forger, a secret that was replaced at StackOne only, or a \
                 proxy that changed the body."
            }
            Self::BodyTooLarge => "The body is larger than `limits.max_body_bytes`.",
            Self::TooLargeForBroker => {
                "Kafka does not take a record of this size. A retry would not help; raise `max.message.bytes` of the \
                 topic, which the log names within a minute with what it needs."
            }
            Self::BodyTooSlow => "The body did not come within `server.body_deadline`.",
            Self::BodyUnreadable => "The body ended early, or was not encoded as HTTP has it.",
            Self::BusyReading => "Too much was being read that had not been authenticated.",
            Self::GaveWay => {
                "Its body had been waited for while too much was being read that had not been authenticated, and was given \
                 up for another."
            }
            Self::BusyPublishing => "Too many authentic webhooks were waiting for Kafka.",
            Self::QueueFull => "The producer's queue was full: Kafka is slower than the webhooks.",
            Self::NotAcknowledged => {
                "Kafka did not acknowledge in time. It may have the record; the retry has the same `ce_id`."
            }
            Self::TopicUnavailable => {
                "The topic is missing or must not be written; `/readyz` and `stackone-processor topics plan` name it."
            }
            Self::ProducerFailed => {
                "The producer failed for good and is made anew. Kafka may have the record."
            }
            Self::ClientGone => "The client closed the connection before it was answered.",
            Self::InternalError => "A bug in ingest; the log has it.",
        }
    }

    /// Seconds after which the client should try again, where a retry helps.
    #[must_use]
    pub fn retry_after(self) -> Option<&'static str> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS)
    }
}

/// The table of answers and what each means, as `docs/answers.md` has them.
#[must_use]
pub fn table_of_answers() -> String {
    let rows = Outcome::ALL.map(row).concat();
    let meanings = Outcome::ALL.map(|outcome| {
        let item = format!("- `{}`: {}", outcome.reason(), outcome.meaning());
        wrapped(&item)
    });
    format!(
        "{HEAD}{rows}{MEANINGS}{}{PROXY_PROTOCOL}",
        meanings.concat()
    )
}

fn row(outcome: Outcome) -> String {
    let status = outcome.status();
    let retry_after = outcome.retry_after().unwrap_or("–");
    let body = if status == StatusCode::OK {
        r#"{"id":…}"#.to_owned()
    } else {
        format!(r#"{{"error":"{}"}}"#, outcome.public_reason())
    };
    let (code, reason) = (status.as_u16(), outcome.reason());
    format!("| {code} | `{reason}` | {retry_after} | `{body}` |\n")
}

/// The item of a list, in lines of at most [`COLUMNS`] characters.
fn wrapped(item: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in item.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            text.push_str("\n ");
            column = 1;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text + "\n"
}

/// The longest line of prose in the documents.
const COLUMNS: usize = 100;

const HEAD: &str = "\
# What ingest answers

Every request to the public listener has exactly one outcome. The outcome is the label of
`stackone_ingest_webhooks_total` and the `reason` in the log; status, `Retry-After` and body follow
from it. The `id` is the record's `ce_id`. What is no HTTP (400), and headers that do not come
within `server.header_deadline` (408) or take more than 16 KiB (431), are answered before there is a
request: they have no outcome and no body, and `stackone_ingest_connections_failed_total` counts
them. A slash at the end of the webhook's URL makes no difference.

This page is written from `ingest/src/outcome.rs` with `just answers`; a test fails when they
differ.

| status | outcome | `Retry-After`, s | body |
| --- | --- | --- | --- |
";

const MEANINGS: &str = "
## What each means, and what to do

";

const PROXY_PROTOCOL: &str = "
## A balancer that speaks the PROXY protocol

It puts its client's address before the client's bytes, so that no request and no TLS handshake is
one any more. Each of its connections is answered 400, or over TLS closed; the log names it once a
minute, and it is counted as `proxy_protocol` in `stackone_ingest_connections_failed_total`, over
TLS in `stackone_ingest_tls_handshake_failures_total`. Ingest needs no client's address. Switch it
off at the balancer:

- AWS Network Load Balancer: the target group's attribute `proxy_protocol_v2.enabled=false`. By the
  AWS Load Balancer Controller: without the service's annotation
  `service.beta.kubernetes.io/aws-load-balancer-proxy-protocol`.
- HAProxy: without `send-proxy` and `send-proxy-v2` on the `server` line.
- nginx: `proxy_protocol off` in the `stream` server.
- Envoy: without the transport socket `envoy.transport_sockets.upstream_proxy_protocol`.
";
