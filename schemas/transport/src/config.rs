//! Kafka client settings: the only code that writes security keys and fixed properties.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::properties::is_secret;
use crate::refused_properties;

/// How to reach the brokers. Its `Debug` is that of [`Self::redacted`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port` of one or more brokers, comma separated.
    pub bootstrap_servers: String,
    /// How connections are secured and who we are.
    #[serde(default)]
    pub security: Security,
    /// librdkafka properties that are passed through; see [`refused_properties`].
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// How connections to the brokers are secured. Certificates are always verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Security {
    /// No encryption, no authentication.
    #[default]
    Plaintext,
    /// TLS; mutual where a certificate is given. Needs the feature `kafka-tls`.
    Tls {
        /// CA certificates in PEM; the system's where absent.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// Our certificate chain in PEM.
        #[serde(default)]
        certificate_file: Option<PathBuf>,
        /// Our key in PEM.
        #[serde(default)]
        key_file: Option<PathBuf>,
    },
    /// SASL over TLS. Needs the feature `kafka-tls`.
    SaslTls {
        /// CA certificates in PEM; the system's where absent.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// The SASL mechanism.
        mechanism: SaslMechanism,
        /// User name.
        username: String,
        /// File with the password; one trailing newline is trimmed.
        password_file: PathBuf,
    },
}

/// SASL mechanisms with a user name and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaslMechanism {
    /// RFC 4616.
    #[serde(rename = "PLAIN")]
    Plain,
    /// RFC 7677.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// RFC 5802 with SHA-512.
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

/// Why the Kafka settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// TLS was asked for in a build without it.
    #[error("kafka.security: this build has no TLS; build with --features kafka-tls")]
    NoTls,
    /// The password file cannot be read.
    #[error("kafka.security.password_file: cannot read {path}: {source}")]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl KafkaConfig {
    /// Settings for a plaintext broker, without further properties.
    #[must_use]
    pub fn plaintext(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            security: Security::Plaintext,
            properties: BTreeMap::new(),
        }
    }

    /// The same settings with `[redacted]` for every property that holds a secret, to be printed.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut redacted = self.clone();
        for (name, value) in &mut redacted.properties {
            if is_secret(name) {
                "[redacted]".clone_into(value);
            }
        }
        redacted
    }

    /// What is wrong with the settings, one line each. Asks librdkafka itself, which knows its properties best; nothing
    /// is connected.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = refused_properties(self.properties.keys().map(String::as_str));
        if self.bootstrap_servers.trim().is_empty() {
            problems.push(
                "kafka.bootstrap_servers: is empty; give host:port of at least one broker"
                    .to_owned(),
            );
        }
        if self.security != Security::Plaintext && !cfg!(feature = "kafka-tls") {
            problems.push(ConfigError::NoTls.to_string());
        }
        if problems.is_empty() {
            problems.extend(self.refused_by_client());
        }
        problems
    }

    fn refused_by_client(&self) -> Option<String> {
        match self.client_config("check") {
            Ok(client) => {
                let error = client.create_native_config().err()?;
                Some(format!("kafka.properties: {error}"))
            }
            Err(error) => Some(error.to_string()),
        }
    }

    /// A client configuration with servers, security and properties, for a client called `client_id`.
    ///
    /// # Errors
    ///
    /// Where the password file cannot be read, or TLS is asked for in a build without it.
    pub fn client_config(&self, client_id: &str) -> Result<ClientConfig, ConfigError> {
        let mut config = ClientConfig::new();
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.bootstrap_servers);
        config.set("client.id", client_id);
        // A topic that the broker makes by itself has its own idea of partitions, retention and compaction.
        config.set("allow.auto.create.topics", "false");
        if config
            .get("metadata.recovery.rebootstrap.trigger.ms")
            .is_none()
        {
            // A starting broker may answer with a list of no brokers; forget it sooner than after the default 5 min.
            config.set("metadata.recovery.rebootstrap.trigger.ms", "15000");
        }
        self.security.apply(&mut config)?;
        Ok(config)
    }
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bootstrap_servers,
            security,
            properties,
        } = self.redacted();
        formatter
            .debug_struct("KafkaConfig")
            .field("bootstrap_servers", &bootstrap_servers)
            .field("security", &security)
            .field("properties", &properties)
            .finish()
    }
}

impl Security {
    fn apply(&self, config: &mut ClientConfig) -> Result<(), ConfigError> {
        let set_file = |config: &mut ClientConfig, name: &str, file: &Option<PathBuf>| {
            if let Some(file) = file {
                config.set(name, file.to_string_lossy());
            }
        };
        if *self != Self::Plaintext && !cfg!(feature = "kafka-tls") {
            return Err(ConfigError::NoTls);
        }
        match self {
            Self::Plaintext => {
                config.set("security.protocol", "plaintext");
            }
            Self::Tls {
                ca_file,
                certificate_file,
                key_file,
            } => {
                config.set("security.protocol", "ssl");
                set_file(config, "ssl.ca.location", ca_file);
                set_file(config, "ssl.certificate.location", certificate_file);
                set_file(config, "ssl.key.location", key_file);
            }
            Self::SaslTls {
                ca_file,
                mechanism,
                username,
                password_file,
            } => {
                config.set("security.protocol", "sasl_ssl");
                set_file(config, "ssl.ca.location", ca_file);
                config.set("sasl.mechanism", mechanism.as_str());
                config.set("sasl.username", username);
                let password = read_password(password_file)?;
                config.set("sasl.password", password.expose_secret());
            }
        }
        Ok(())
    }
}

fn read_password(path: &PathBuf) -> Result<SecretString, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::PasswordFile {
        path: path.clone(),
        source,
    })?;
    let trimmed = text.strip_suffix('\n').map_or(text.as_str(), |line| {
        line.strip_suffix('\r').unwrap_or(line)
    });
    Ok(SecretString::from(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_pipeline_win_over_properties() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        kafka
            .properties
            .insert("client.id".to_owned(), "other".to_owned());
        kafka
            .properties
            .insert("linger.ms".to_owned(), "7".to_owned());
        let config = kafka.client_config("ingest").unwrap();
        assert_eq!(config.get("client.id"), Some("ingest"));
        assert_eq!(config.get("linger.ms"), Some("7"));
        assert_eq!(config.get("security.protocol"), Some("plaintext"));
    }

    #[test]
    fn properties_that_hold_a_secret_are_not_printed() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        for name in ["sasl.password", "ssl.key.pem", "linger.ms"] {
            kafka.properties.insert(name.to_owned(), "42".to_owned());
        }
        let redacted = kafka.redacted().properties;
        assert_eq!(redacted["sasl.password"], "[redacted]");
        assert_eq!(redacted["ssl.key.pem"], "[redacted]");
        assert_eq!(redacted["linger.ms"], "42");
        assert_eq!(format!("{kafka:?}").matches("42").count(), 1);
    }

    #[cfg(not(feature = "kafka-tls"))]
    #[test]
    fn tls_in_a_build_without_it_is_a_problem_and_never_plaintext() {
        let security = Security::Tls {
            ca_file: None,
            certificate_file: None,
            key_file: None,
        };
        let kafka = KafkaConfig {
            security,
            ..KafkaConfig::plaintext("broker:9092")
        };
        assert!(kafka.problems()[0].contains("kafka-tls"));
        assert!(matches!(
            kafka.client_config("ingest"),
            Err(ConfigError::NoTls)
        ));
    }
}
