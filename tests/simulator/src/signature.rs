//! How StackOne signs a webhook, written from the documentation alone and on purpose not shared
//! with the service that verifies it: a mistake made on both sides would cancel itself out.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-stackone-signature";

/// The value of `x-stackone-signature` for `body`: HMAC-SHA256 keyed with the secret's bytes as
/// they are, in base64url without padding (43 characters).
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(mac(secret, body))
}

/// The right MAC in lower-case hexadecimal, as integrators often, and wrongly, expect it.
#[must_use]
pub fn sign_hex(secret: &[u8], body: &[u8]) -> String {
    let mac = mac(secret, body);
    mac.iter()
        .fold(String::with_capacity(mac.len() * 2), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        })
}

fn mac(secret: &[u8], body: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// What is spoilt on purpose about a webhook, so that it must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// The body is changed after it was signed.
    Body,
    /// One character of the signature is another one.
    Signature,
    /// The right MAC, in hexadecimal instead of base64url.
    Encoding,
}

impl Tamper {
    /// What was done, in a few words, for people.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Body => "body altered after signing",
            Self::Signature => "one character of the signature flipped",
            Self::Encoding => "right MAC in hexadecimal",
        }
    }
}

/// A body and the signature that goes with it on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedBody {
    /// The bytes to send.
    pub body: Vec<u8>,
    /// The value of [`SIGNATURE_HEADER`].
    pub signature: String,
}

impl fmt::Debug for SignedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SignedBody({} bytes)", self.body.len())
    }
}

impl SignedBody {
    /// Signs `body` with `secret`, then spoils it as `tamper` says.
    #[must_use]
    pub fn new(secret: &[u8], mut body: Vec<u8>, tamper: Option<Tamper>) -> Self {
        let mut signature = sign(secret, &body);
        match tamper {
            None => {}
            // JSON may end in white space, so the body still parses: only the signature can give it
            // away.
            Some(Tamper::Body) => body.push(b' '),
            Some(Tamper::Signature) => {
                let flipped = if signature.starts_with('A') { "B" } else { "A" };
                signature.replace_range(..1, flipped);
            }
            Some(Tamper::Encoding) => signature = sign_hex(secret, &body),
        }
        Self { body, signature }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    fn vectors() -> Vec<Value> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../schemas/fixtures/signature-vectors.json"
        );
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        file["vectors"].as_array().unwrap().clone()
    }

    #[test]
    fn every_vector_is_signed_as_documented() {
        let vectors = vectors();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let secret = vector["secret_utf8"].as_str().unwrap();
            let body = STANDARD
                .decode(vector["body_base64"].as_str().unwrap())
                .unwrap();
            let signature = sign(secret.as_bytes(), &body);
            assert_eq!(
                vector["x-stackone-signature"], signature,
                "{}",
                vector["name"]
            );
            assert_eq!(
                vector["must_reject"]["hex"],
                sign_hex(secret.as_bytes(), &body)
            );
        }
    }

    #[test]
    fn each_tampering_leaves_a_signature_that_no_longer_fits() {
        for tamper in [Tamper::Body, Tamper::Signature, Tamper::Encoding] {
            let sent = SignedBody::new(b"secret", b"{}".to_vec(), Some(tamper));
            assert_ne!(
                sent.signature,
                sign(b"secret", &sent.body),
                "{}",
                tamper.description()
            );
        }
        let honest = SignedBody::new(b"secret", b"{}".to_vec(), None);
        assert_eq!(honest.signature, sign(b"secret", &honest.body));
        assert_eq!(honest.signature.len(), 43);
    }
}
