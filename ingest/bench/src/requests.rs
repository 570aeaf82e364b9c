//! Correctly signed requests, made before the clock starts.

use std::net::SocketAddr;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fastrand::Rng;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

pub(crate) const SECRET: &str = "bench-webhook-secret";
/// Different requests, each with an account of its own.
const REQUESTS: usize = 4096;

/// Requests with bodies of `size` bytes, give or take a few. They are record events, so that the
/// variant which drops these does everything but publish.
pub(crate) fn requests(address: SocketAddr, size: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut random = Rng::with_seed(1);
    let requests = std::iter::repeat_with(|| request(address, size, SECRET, &mut random));
    requests.take(REQUESTS).collect()
}

/// A request that is signed with another secret.
pub(crate) fn forged(address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    request(address, 400, "another secret", &mut Rng::with_seed(2))
}

fn request(
    address: SocketAddr,
    size: usize,
    secret: &str,
    random: &mut Rng,
) -> anyhow::Result<Vec<u8>> {
    let mut text = |length| -> String {
        std::iter::repeat_with(|| random.alphanumeric())
            .take(length)
            .collect()
    };
    let mut event = json!({
        "project_id": "acmeinc-27270",
        "account_id": text(21),
        "event": "hris_employees.updated",
        "event_date": "2026-03-04T09:12:44.102Z",
        "record_type": "hris_employees",
        "record_id": text(24),
        "sent_at": "2026-03-04T09:12:44.318Z",
        "padding": "",
    });
    let missing = size.saturating_sub(event.to_string().len());
    if let Some(padding) = event.get_mut("padding") {
        *padding = text(missing).into();
    }
    let body = event.to_string();
    let signature = sign(secret, body.as_bytes())?;
    let request = format!(
        "POST /webhooks/stackone/default HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         x-stackone-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(request.into_bytes())
}

fn sign(secret: &str, body: &[u8]) -> anyhow::Result<String> {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = keyed.ok().context("a key of any length will do")?;
    mac.update(body);
    Ok(BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
