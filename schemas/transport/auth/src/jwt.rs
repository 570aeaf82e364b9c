//! The claims of a JWT (RFC 7519, 4.1). The broker checks the signature.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::TokenProblem;
use crate::clock::{MOST_SKEW, apart, since_1970};

/// The registered claims that are read.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    nbf: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Reads the claims of a token; `None` where it is no JWT.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_header, claims) = (parts.next()?, parts.next()?);
        let is_whole = parts.next().is_some() && parts.next().is_none();
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&claims).ok().filter(|_| is_whole)
    }

    /// Returns the subject, by which brokers know the client.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// Returns the expiration time, by the clock of the issuer.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        since_1970(self.exp?)
    }

    /// Checks that the audience contains `wanted`, where that is given.
    pub(crate) fn is_for(&self, wanted: Option<&str>, what: &str) -> Result<(), TokenProblem> {
        let audience = match self.aud.clone() {
            None => Vec::new(),
            Some(Audience::One(one)) => vec![one],
            Some(Audience::Many(many)) => many,
        };
        let Some(wanted) = wanted.filter(|wanted| !audience.iter().any(|one| one == wanted)) else {
            return Ok(());
        };
        Err(TokenProblem::Audience {
            what: what.to_owned(),
            audience,
            wanted: wanted.to_owned(),
        })
    }

    /// Returns a doubt where the token was issued in the future, by the clock of this machine.
    pub(crate) fn clock_is_behind(&self, now: SystemTime, what: &str) -> Option<TokenProblem> {
        let begins = [self.iat, self.nbf].into_iter().flatten();
        let begins = begins.filter_map(since_1970).max()?;
        let by = apart(begins, now);
        let what = what.to_owned();
        (begins > now && by > MOST_SKEW).then_some(TokenProblem::Clock { what, by })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    /// Makes an unsigned JWT with these claims.
    pub(crate) fn jwt(claims: &serde_json::Value) -> String {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for token in ["", "opaque", "a.b", "a.b.c", "e30.e30", "e30.e30.x.y"] {
            assert_eq!(Claims::of(token), None, "{token}");
        }
        assert!(Claims::of("e30.e30.x").is_some());
    }

    #[test]
    fn an_audience_is_one_or_several_and_looked_at_where_one_is_wanted() {
        let is_for = |aud: serde_json::Value, wanted| {
            let claims = Claims::of(&jwt(&serde_json::json!({"aud": aud}))).unwrap();
            claims.is_for(wanted, "the token")
        };
        assert_eq!(is_for("kafka".into(), Some("kafka")), Ok(()));
        assert_eq!(is_for(vec!["a", "kafka"].into(), Some("kafka")), Ok(()));
        assert_eq!(is_for("other".into(), None), Ok(()));
        let wrong = is_for(vec!["a", "b"].into(), Some("kafka")).unwrap_err();
        assert_eq!(wrong.to_string(), "the token is for a, b, not for kafka");
        let nobody = is_for(serde_json::Value::Null, Some("kafka")).unwrap_err();
        assert!(nobody.to_string().contains("nobody"), "{nobody}");
    }

    #[test]
    fn a_token_from_the_future_is_a_clock_that_is_behind() {
        let now = since_1970(1_000_000.0).unwrap();
        let doubt = |iat: u64| {
            let claims = Claims::of(&jwt(&serde_json::json!({"iat": iat}))).unwrap();
            claims.clock_is_behind(now, "the token")
        };
        assert_eq!(doubt(999_000), None);
        assert_eq!(doubt(1_000_030), None);
        let by = Duration::from_secs(300);
        let what = "the token".to_owned();
        assert_eq!(doubt(1_000_300), Some(TokenProblem::Clock { what, by }));
    }
}
