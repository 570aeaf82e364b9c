//! Client tokens and link secrets. Each is a MAC (HMAC-SHA256) of the session's id, so that every
//! replica can make and verify it, and no secret is stored.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use uuid::Uuid;

/// The purpose of a token. Its prefix lets scanners of logs and sources recognize a leaked one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Lets the element in a page follow one session.
    Client,
    /// Opens a mailed link; stands in the fragment of its address.
    Link,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Client => "sct_",
            Self::Link => "scl_",
        }
    }

    const fn name(self) -> &'static [u8] {
        match self {
            Self::Client => b"client-token",
            Self::Link => b"link-secret",
        }
    }
}

/// The keys in force. The first one makes tokens, and each one verifies them.
#[derive(Clone)]
pub struct TokenKeys(Vec<Hmac<Sha256>>);

impl TokenKeys {
    /// Makes keys of these secrets, of which there must be at least one to make tokens.
    #[must_use]
    pub fn new(secrets: &[SecretString]) -> Self {
        let keyed =
            |secret: &SecretString| Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok();
        Self(secrets.iter().filter_map(keyed).collect())
    }

    /// Makes the token of a session; `None` where there is no key.
    #[must_use]
    pub fn make(&self, session: Uuid, purpose: Purpose) -> Option<String> {
        let mac = mac(self.0.first()?, session, purpose)
            .finalize()
            .into_bytes();
        Some(format!(
            "{}{}",
            purpose.prefix(),
            BASE64_URL_SAFE_NO_PAD.encode(mac)
        ))
    }

    /// Returns whether a token was made for this session and purpose. Takes constant time for each
    /// key.
    #[must_use]
    pub fn verifies(&self, token: &str, session: Uuid, purpose: Purpose) -> bool {
        let text = token.strip_prefix(purpose.prefix());
        let Some(given) = text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()) else {
            return false;
        };
        let verifies = |key| mac(key, session, purpose).verify_slice(&given).is_ok();
        self.0.iter().any(verifies)
    }
}

/// Signs the session's id before the purpose. The id has a fixed length, so that no two inputs are
/// the same.
fn mac(key: &Hmac<Sha256>, session: Uuid, purpose: Purpose) -> Hmac<Sha256> {
    key.clone()
        .chain_update(session.as_bytes())
        .chain_update(purpose.name())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(secrets: &[&str]) -> TokenKeys {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|text| SecretString::from(*text))
            .collect();
        TokenKeys::new(&secrets)
    }

    #[test]
    fn a_token_outlives_a_rotation_until_its_key_is_taken_out() {
        let session = Uuid::from_u128(7);
        let old = keys(&["old"]).make(session, Purpose::Client).unwrap();
        let both = keys(&["new", "old"]);
        assert!(both.verifies(&old, session, Purpose::Client));
        let new = both.make(session, Purpose::Client).unwrap();
        assert_ne!(new, old);
        assert!(!keys(&["new"]).verifies(&old, session, Purpose::Client));
        assert!(keys(&[]).make(session, Purpose::Client).is_none());
    }

    proptest! {
        #[test]
        fn a_token_is_of_one_session_and_for_one_purpose(
            session in any::<u128>(), other in any::<u128>(), place in 4..47usize, flip in 1..128u8
        ) {
            let (keys, session) = (keys(&["k"]), Uuid::from_u128(session));
            let token = keys.make(session, Purpose::Link).unwrap();
            prop_assert!(keys.verifies(&token, session, Purpose::Link));
            prop_assert!(!keys.verifies(&token, session, Purpose::Client));
            let client = token.replacen("scl_", "sct_", 1);
            prop_assert!(!keys.verifies(&client, session, Purpose::Client));
            let other = Uuid::from_u128(other);
            prop_assert_eq!(keys.verifies(&token, other, Purpose::Link), other == session);
            let mut bytes = token.clone().into_bytes();
            bytes[place] ^= flip;
            if let Ok(changed) = String::from_utf8(bytes) {
                prop_assert!(!keys.verifies(&changed, session, Purpose::Link));
            }
            prop_assert!(!keys.verifies(&token[..place], session, Purpose::Link));
        }
    }
}
