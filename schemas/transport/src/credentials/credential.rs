//! A password or a token.

use std::time::SystemTime;

use secrecy::{ExposeSecret as _, SecretString};
use stackone_link_kafka_auth::Token;

/// The secret that authenticates clients to brokers.
pub(super) enum Credential {
    Token(Token),
    Password(SecretString),
}

impl Credential {
    pub(super) fn is_good(&self) -> bool {
        match self {
            Self::Token(token) => token.expires_at > SystemTime::now(),
            Self::Password(_) => true,
        }
    }

    pub(super) fn is_same(&self, other: Option<&Self>) -> bool {
        match (self, other) {
            (Self::Token(one), Some(Self::Token(other))) => {
                one.value.expose_secret() == other.value.expose_secret()
                    && one.expires_at == other.expires_at
            }
            (Self::Password(one), Some(Self::Password(other))) => {
                one.expose_secret() == other.expose_secret()
            }
            (Self::Token(_) | Self::Password(_), _) => false,
        }
    }
}
