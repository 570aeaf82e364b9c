//! Public keys from a JWKS (RFC 7517, 7518, 8037). Each key is used with one algorithm only.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

/// The most keys that one set may have.
const MAX_KEYS: usize = 20;
/// The smallest modulus of an RSA key, in bytes (RFC 7518, 3.3).
const MIN_MODULUS: usize = 2048 / 8;

/// The keys of one issuer, by their `kid`.
#[derive(Debug, Clone, Default)]
pub struct Keys(HashMap<String, PublicKey>);

/// Why a key set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksProblem {
    /// The text is no JWK set (RFC 7517, 5).
    #[error("it is no JSON Web Key Set")]
    NotJwks,
    /// The set has more than 20 keys.
    #[error("it has more than {MAX_KEYS} keys")]
    TooMany,
    /// Every key was skipped.
    #[error(
        "it has no key that can be used: RS256 of 2048 bits or more, ES256 or EdDSA with Ed25519, each with a kid"
    )]
    Nothing,
    /// Two keys have this `kid`.
    #[error("two of its keys are called {0:?}")]
    Twice(String),
}

#[derive(Clone)]
pub(crate) enum PublicKey {
    Rs256 { n: Vec<u8>, e: Vec<u8> },
    Es256(Vec<u8>),
    EdDsa(Vec<u8>),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.algorithm())
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Parses a key set. Keys of other kinds, or for other purposes, are skipped.
    ///
    /// # Errors
    ///
    /// Fails where the text is no key set, or no key can be used.
    pub fn parse(text: &[u8]) -> Result<Self, JwksProblem> {
        let set: Jwks = serde_json::from_slice(text).map_err(|_unreadable| JwksProblem::NotJwks)?;
        if set.keys.len() > MAX_KEYS {
            return Err(JwksProblem::TooMany);
        }
        let mut keys = HashMap::new();
        for (id, key) in set.keys.into_iter().filter_map(usable) {
            if keys.insert(id.clone(), key).is_some() {
                return Err(JwksProblem::Twice(id));
            }
        }
        match keys.is_empty() {
            true => Err(JwksProblem::Nothing),
            false => Ok(Self(keys)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&PublicKey> {
        self.0.get(id)
    }
}

fn usable(key: serde_json::Value) -> Option<(String, PublicKey)> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let part = |text: &Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let point = |text| part(text).filter(|point| point.len() == 32);
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (n, e) = (number(part(&jwk.n)?), number(part(&jwk.e)?));
            (n.len() >= MIN_MODULUS).then_some(PublicKey::Rs256 { n, e })?
        }
        ("EC", Some("P-256")) => {
            PublicKey::Es256([&[4][..], &point(&jwk.x)?, &point(&jwk.y)?].concat())
        }
        ("OKP", Some("Ed25519")) => PublicKey::EdDsa(point(&jwk.x)?),
        _ => return None,
    };
    let is_for_signatures = jwk.purpose.is_none_or(|purpose| purpose == "sig");
    let is_for_this = jwk.alg.is_none_or(|algorithm| algorithm == key.algorithm());
    let id = jwk.kid.filter(|id| !id.is_empty())?;
    (is_for_signatures && is_for_this).then_some((id, key))
}

/// A number without zeros before it: some write one so that it is not taken for negative, and
/// `ring` takes none.
fn number(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.split_off(zeros)
}

impl PublicKey {
    /// Returns the `alg` that the key is used with.
    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256 { .. } => "RS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Self::EdDsa(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature),
        };
        verified.is_ok()
    }
}
