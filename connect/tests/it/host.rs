//! A host product that signs JWTs with Ed25519.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://app.example.com";

/// The host, with one key.
pub(crate) struct Host {
    id: &'static str,
    key: Ed25519KeyPair,
}

impl Host {
    pub(crate) fn new(id: &'static str, seed: u8) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self { id, key }
    }

    pub(crate) fn jwks(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x }] })
    }

    /// A token for a tenant, with these claims besides.
    pub(crate) fn token(&self, tenant: &str, more: Value) -> String {
        self.token_under(json!({ "alg": "EdDSA", "kid": self.id }), tenant, more)
    }

    /// The same under a header of its own, signed all the same.
    pub(crate) fn token_under(&self, header: Value, tenant: &str, more: Value) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let mut claims = json!({
            "iss": ISSUER, "aud": "stackone-connect", "iat": now, "exp": now + 600,
            "tenant_id": tenant, "tenant_name": "Acme",
        });
        for (claim, value) in more.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}
