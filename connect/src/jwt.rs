//! JWTs that the host product signs (RFC 7515, 7519), verified by rules that leave the token no
//! choice: the key says which algorithm is used, and no header names another key.

mod keys;
mod scopes;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use keys::{JwksProblem, Keys};
pub use scopes::{Scope, Scopes};

/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// Longest life of a token, in seconds.
const MAX_LIFE: i64 = 15 * 60;
/// How far our clock and that of the host may be apart, in seconds.
const LEEWAY: i64 = 60;
/// Longest id of a tenant, in bytes.
pub(crate) const MAX_TENANT_ID: usize = 128;

/// What one issuer's tokens must say, and how they say it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What `iss` says.
    pub issuer: String,
    /// What is in `aud`.
    pub audience: String,
    /// The claim that has the tenant's id.
    pub tenant_claim: String,
    /// The claim that has its name.
    pub tenant_name_claim: String,
    /// The claim that has the user's name.
    pub user_name_claim: String,
    /// The claim that has the scopes.
    pub scope_claim: String,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whom it is for: 1 to 128 bytes.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: Option<String>,
    /// Who is signed in.
    pub user_name: Option<String>,
    /// What the caller may do.
    pub scopes: Scopes,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a token is not believed. The caller is told nothing but that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not three parts of base64url, or too long.
    #[error("it is no signed token that can be read")]
    Malformed,
    /// Nobody who is configured.
    #[error("its issuer is not configured")]
    Issuer,
    /// No `kid`, or another.
    #[error("it names no key, or none that is known")]
    UnknownKey,
    /// `alg` is not the key's, or there is `crit`.
    #[error("its algorithm is not that of its key, or it makes demands that are not understood")]
    Header,
    /// Not by this key, or not of this text.
    #[error("it is not signed by its key")]
    Signature,
    /// `aud` has not ours.
    #[error("it is for somebody else")]
    Audience,
    /// `iat`, `exp` or `nbf`.
    #[error("it is not valid now, or for longer than 15 minutes")]
    Time,
    /// No id, or a longer one than 128 bytes.
    #[error("it names no tenant")]
    Tenant,
}

impl JwtError {
    /// Label of a metric, and reason in the log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "jwt_malformed",
            Self::Issuer => "jwt_issuer",
            Self::UnknownKey => "jwt_unknown_key",
            Self::Header => "jwt_header",
            Self::Signature => "jwt_signature",
            Self::Audience => "jwt_audience",
            Self::Time => "jwt_time",
            Self::Tenant => "jwt_tenant",
        }
    }
}

/// The parts of a token that was read and not verified.
pub struct Unverified<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    header: Header,
    claims: Map<String, Value>,
}

/// `jku`, `jwk`, `x5u` and `x5c` are among what is not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

/// A member that is there, whatever it is.
fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_ignored| true)
}

/// Whether a bearer token looks like a JWT, and so is not one of ours.
#[must_use]
pub fn looks_like_jwt(token: &str) -> bool {
    token.matches('.').count() == 2
}

impl<'t> Unverified<'t> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where it is not three parts of base64url with JSON in two of them.
    pub fn parse(token: &'t str) -> Result<Self, JwtError> {
        if token.len() > MAX_TOKEN {
            return Err(JwtError::Malformed);
        }
        let parts = || {
            let (signed, signature) = token.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
            Some(Unverified {
                signed,
                signature,
                header: decoded(header)?,
                claims: decoded(claims)?,
            })
        };
        parts().ok_or(JwtError::Malformed)
    }

    /// Who says to have signed it: where to look for the key.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// The key that it names.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Believes it, or not.
    ///
    /// # Errors
    ///
    /// Where it is not signed by one of the keys, or does not say what the rules ask for.
    pub fn verify(&self, keys: &Keys, rules: &Rules, now: Timestamp) -> Result<Claims, JwtError> {
        if self.issuer() != Some(rules.issuer.as_str()) {
            return Err(JwtError::Issuer);
        }
        let key = self.key_id().and_then(|id| keys.get(id));
        let key = key.ok_or(JwtError::UnknownKey)?;
        if self.header.alg != key.algorithm() || self.header.crit {
            return Err(JwtError::Header);
        }
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(JwtError::Signature);
        }
        self.check_audience(&rules.audience)?;
        let expires_at = self.check_time(now)?;
        self.claims(rules, expires_at)
    }

    fn check_audience(&self, audience: &str) -> Result<(), JwtError> {
        let is_ours = match self.claims.get("aud") {
            Some(Value::String(only)) => only == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                false
            }
        };
        is_ours.then_some(()).ok_or(JwtError::Audience)
    }

    fn check_time(&self, now: Timestamp) -> Result<Timestamp, JwtError> {
        let claim = |name| self.claims.get(name).map(seconds);
        let (Some(Some(issued)), Some(Some(expires))) = (claim("iat"), claim("exp")) else {
            return Err(JwtError::Time);
        };
        let not_before = match claim("nbf") {
            None => issued,
            Some(Some(not_before)) => not_before,
            Some(None) => return Err(JwtError::Time),
        };
        let now = now.as_second();
        let life = expires.saturating_sub(issued);
        let is_valid = (1..=MAX_LIFE).contains(&life)
            && now < expires.saturating_add(LEEWAY)
            && now >= issued.saturating_sub(LEEWAY)
            && now >= not_before.saturating_sub(LEEWAY);
        let expires_at = Timestamp::from_second(expires).ok();
        expires_at.filter(|_| is_valid).ok_or(JwtError::Time)
    }

    fn claims(&self, rules: &Rules, expires_at: Timestamp) -> Result<Claims, JwtError> {
        let text = |claim: &str| {
            let text = self.claims.get(claim)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let tenant_id = text(&rules.tenant_claim).filter(|id| id.len() <= MAX_TENANT_ID);
        Ok(Claims {
            tenant_id: tenant_id.ok_or(JwtError::Tenant)?,
            tenant_name: text(&rules.tenant_name_claim),
            user_name: text(&rules.user_name_claim),
            scopes: Scopes::of(self.claims.get(&rules.scope_claim)),
            expires_at,
        })
    }
}

/// The JSON object of a part. All of it is read first: serde would take an array of the members'
/// values for one, and passes over text of members that it does not need, even where that is no
/// UTF-8.
fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    let _whole: Map<String, Value> = serde_json::from_slice(&text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// A `NumericDate` in whole seconds; it may have a fraction.
fn seconds(value: &Value) -> Option<i64> {
    let float = || {
        let float = value.as_f64().filter(|float| float.abs() < 1e15)?;
        format!("{:.0}", float.floor()).parse().ok()
    };
    value.as_i64().or_else(float)
}
