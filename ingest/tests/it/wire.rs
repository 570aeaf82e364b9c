//! What strangers can do with a connection: no more than their time, in no more than their memory.

mod bodies;
mod boundaries;
mod expect;
mod heads;

use crate::service::Service;
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const WEBHOOKS: &str = "/webhooks/stackone/default";

/// A request line and these header lines.
fn head(method: &str, path: &str, lines: &[&str]) -> Vec<u8> {
    let lines = lines.join("\r\n");
    format!("{method} {path} HTTP/1.1\r\nhost: ingest\r\n{lines}\r\n\r\n").into_bytes()
}

/// A signed webhook with one more header line.
fn signed(body: &str, line: &str) -> Vec<u8> {
    let length = format!("content-length: {}", body.len());
    let signature = format!(
        "x-stackone-signature: {}",
        signature(SECRET, body.as_bytes())
    );
    let mut request = head("POST", WEBHOOKS, &[&length, &signature, line]);
    request.extend(body.as_bytes());
    request
}

async fn failed(service: &Service, reason: &str) -> Option<f64> {
    let line = format!("stackone_ingest_connections_failed_total{{reason=\"{reason}\"}}");
    service.metric(&line).await
}
