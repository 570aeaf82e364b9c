//! Security of connections: the only code that writes security properties.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use stackone_link_kafka_auth::{Extensions, TokenSettings};
use stackone_link_process::secret::{Place, SecretError};

use crate::certificates::Files;
use crate::{ConfigError, credentials};

/// How long librdkafka waits, in ms, before it connects again to a broker that refused a token. It
/// randomizes the wait by up to 25 % less, and doubles it each time up to 10 s. A client may know a
/// broker by two names, the one in `bootstrap_servers` and the one that the broker advertises, so
/// with this value each is tried at most half as often as once a second. A connection that has
/// lasted longer is made again at once.
const REFUSED_BACKOFF: u32 = 2800;

/// How connections to brokers are secured. Certificates are always verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Security {
    /// Neither encryption nor authentication.
    #[default]
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

    pub(crate) fn apply(&self, config: &mut ClientConfig) -> Result<(), ConfigError> {
        if *self != Self::Plaintext && !cfg!(feature = "kafka-tls") {
            return Err(ConfigError::NoTls);
        }
        match self {
            Self::Plaintext => {
                config.set("security.protocol", "plaintext");
            }
            Self::Tls { .. } => {
                config.set("security.protocol", "ssl");
            }
            Self::SaslTls {
                ca_file: _,
                mechanism,
                username,
                password_file,
            } => {
                config.set("security.protocol", "sasl_ssl");
                config.set("sasl.mechanism", mechanism.as_str());
                config.set("sasl.username", username);
                let password = self.password(password_file)?;
                config.set("sasl.password", password.expose_secret());
            }
            Self::OauthTls { .. } => {
                config.set("security.protocol", "sasl_ssl");
                config.set("sasl.mechanism", "OAUTHBEARER");
                set_at_least(config, "reconnect.backoff.ms", REFUSED_BACKOFF);
                set_at_least(config, "reconnect.backoff.max.ms", REFUSED_BACKOFF);
            }
        }
        Ok(())
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

    /// Reads the password file; where that fails, returns the password of the last time it could be
    /// read.
    fn password(&self, file: &Path) -> Result<SecretString, ConfigError> {
        let known = || credentials::known(self).and_then(|known| known.password());
        match read_password(file) {
            Ok(password) => Ok(password),
            Err(error) => known().ok_or(error.into()),
        }
    }
}

/// Reads a password from its file.
pub(crate) fn read_password(file: &Path) -> Result<SecretString, SecretError> {
    let read = Place::File(file.to_owned()).read(&HashMap::new())?;
    Ok(read.value)
}

/// Raises a property to `least` where it is unset or smaller. A value that is no number stays, and
/// the client refuses it.
fn set_at_least(config: &mut ClientConfig, name: &str, least: u32) {
    let set = config.get(name).unwrap_or(match name {
        "reconnect.backoff.max.ms" => "10000",
        _ => "0",
    });
    if set.parse::<u32>().is_ok_and(|set| set < least) {
        config.set(name, least.to_string());
    }
}
