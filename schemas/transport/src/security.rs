//! Security of connections.

mod properties;

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use stackone_link_kafka_auth::{Extensions, TokenSettings};

use crate::certificates::Files;

/// How connections to brokers are secured. Certificates are always verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Security {
    /// Neither encryption nor authentication.
    #[default]
    #[serde(deserialize_with = "no_other_key")]
    Plaintext,
    /// TLS, and mutual TLS where a certificate is given. Needs the feature `kafka-tls`.
    Tls {
        /// CA certificates in PEM; the system's where absent.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// The client's certificate chain in PEM.
        #[serde(default)]
        certificate_file: Option<PathBuf>,
        /// The client's private key in PEM.
        #[serde(default)]
        key_file: Option<PathBuf>,
    },
    /// SASL over TLS. Needs the feature `kafka-tls`.
    SaslTls {
        /// CA certificates in PEM; the system's where absent.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// The SASL mechanism that carries user name and password.
        mechanism: SaslMechanism,
        /// The user name that brokers know; topics' ACLs name it as `User:…`.
        username: String,
        /// The file of the password; one trailing newline is removed. Read again every second.
        password_file: PathBuf,
    },
    /// SASL OAUTHBEARER over TLS (KIP-255, RFC 7628). Needs the feature `kafka-tls`.
    OauthTls {
        /// CA certificates in PEM; the system's where absent.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// The source of tokens.
        token: TokenSettings,
        /// SASL extensions that are sent with the token.
        #[serde(default)]
        extensions: Extensions,
    },
}

/// Refuses every key: serde ignores those of a variant without fields, so that a password file
/// whose `kind` was forgotten would mean plaintext.
fn no_other_key<'de, D: Deserializer<'de>>(rest: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    Nothing::deserialize(rest).map(|Nothing {}| ())
}

/// SASL mechanisms that use a user name and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaslMechanism {
    /// PLAIN (RFC 4616).
    #[serde(rename = "PLAIN")]
    Plain,
    /// SCRAM-SHA-256 (RFC 7677).
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// SCRAM-SHA-512 (RFC 5802, with SHA-512 as its hash).
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl Security {
    /// Lists what is wrong with the settings, one line each. Reads no file and connects to nobody.
    pub(crate) fn problems(&self) -> Vec<String> {
        match self {
            Self::Plaintext | Self::Tls { .. } | Self::SaslTls { .. } => Vec::new(),
            Self::OauthTls { token, .. } => token.problems(),
        }
    }

    /// Returns the paths of certificate, key and CA, whose contents each client gets when it is
    /// made.
    pub(crate) fn files(&self) -> Files {
        match self {
            Self::Plaintext => Files::default(),
            Self::Tls {
                ca_file,
                certificate_file,
                key_file,
            } => Files {
                ca: ca_file.clone(),
                certificate: certificate_file.clone(),
                key: key_file.clone(),
                key_password: None,
            },
            Self::SaslTls { ca_file, .. } | Self::OauthTls { ca_file, .. } => Files {
                ca: ca_file.clone(),
                ..Files::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    #[test]
    fn plaintext_is_not_what_a_password_file_asks_for() {
        let read = |keys: &[(&'static str, &'static str)]| {
            let keys = MapDeserializer::<_, Error>::new(keys.iter().copied());
            Security::deserialize(keys)
        };
        let plaintext = ("kind", "plaintext");
        assert_eq!(read(&[plaintext]), Ok(Security::Plaintext));
        let told = read(&[plaintext, ("password_file", "/run/secrets/kafka")]);
        let told = told.unwrap_err().to_string();
        assert!(told.contains("password_file"), "{told}");
    }
}
