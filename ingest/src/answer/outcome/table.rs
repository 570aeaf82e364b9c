//! The table of answers in `docs/answers.md`, and what each means.

use actix_web::http::StatusCode;

use super::Outcome;

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

This page is written from `ingest/src/answer/outcome.rs` with `just answers`; a test fails when
they differ.

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
