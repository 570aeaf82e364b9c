//! The properties that follow from [`Security`]: no other code writes security properties.

use std::path::Path;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::Security;
use crate::{ConfigError, credentials};

/// How long librdkafka waits, in ms, before it connects again to a broker that refused a token. It
/// randomizes the wait by up to 25 % less, and doubles it each time up to 10 s. A client may know a
/// broker by two names, the one in `bootstrap_servers` and the one that the broker advertises, so
/// with this value each is tried at most half as often as once a second. A connection that has
/// lasted longer is made again at once.
const REFUSED_BACKOFF: u32 = 2800;

impl Security {
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

    /// Reads the password file; where that fails, returns the password of the last time it could be
    /// read.
    fn password(&self, file: &Path) -> Result<SecretString, ConfigError> {
        let known = || credentials::known(self).and_then(|known| known.password());
        match credentials::read_password(file) {
            Ok(password) => Ok(password),
            Err(error) => known().ok_or(error.into()),
        }
    }
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
