//! Settings of Kafka clients, and the properties that follow from them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use serde::{Deserialize, Serialize};

use crate::certificates::{Certificates, Files};
use crate::properties::{given_twice, is_secret, one_name};
use crate::{ClientSettings, ConfigError, Security, certificates, credentials, refused_properties};

/// The brokers and how to reach them. `Debug` shows the settings as [`Self::redacted`] does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// The addresses of one or more brokers as `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// How connections are secured, and how the client authenticates.
    #[serde(default)]
    pub security: Security,
    /// Properties that are passed to librdkafka, except the [`refused_properties`].
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// The property that says how long a request waits for its answer, in ms.
pub const ANSWER_TIMEOUT: &str = "socket.timeout.ms";
/// Its value where `kafka.properties` has none, in ms. A frozen broker answers nothing, keeps its
/// connections open, and loses its partitions after 9 s (`broker.session.timeout.ms`). A consumer
/// looks for their new leaders only when the fetch under way has timed out, by librdkafka's default
/// after 60 s.
pub const DEFAULT_ANSWER_TIMEOUT: u32 = 15_000;

impl KafkaConfig {
    /// Makes settings for a broker without security, and without further properties.
    #[must_use]
    pub fn plaintext(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            security: Security::Plaintext,
            properties: BTreeMap::new(),
        }
    }

    /// Returns the settings for printing: every property that may hold a secret is `[redacted]`.
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

    /// Lists what is wrong with the settings, one line each. librdkafka checks its own properties;
    /// nothing is connected.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = refused_properties(self.properties.keys().map(String::as_str));
        problems.extend(given_twice(|name| self.properties.contains_key(name)));
        if self.bootstrap_servers.trim().is_empty() {
            problems.push(
                "kafka.bootstrap_servers: is empty; give host:port of at least one broker"
                    .to_owned(),
            );
        }
        if self.security != Security::Plaintext && !cfg!(feature = "kafka-tls") {
            problems.push(ConfigError::NoTls.to_string());
        }
        problems.extend(self.security.problems());
        if problems.is_empty() {
            problems.extend(self.refused_by_client());
        }
        problems
    }

    fn refused_by_client(&self) -> Option<String> {
        match self.client_config("check") {
            Ok(client) => {
                let error = client.check().err()?;
                Some(format!("kafka.properties: {}", without_value(&error)))
            }
            Err(error) => Some(error.to_string()),
        }
    }

    /// Returns the settings of a client called `client_id`: servers, security and properties. No
    /// other function makes them.
    ///
    /// # Errors
    ///
    /// Fails where the password file cannot be read, or TLS is asked for in a build without it.
    pub fn client_config(&self, client_id: &str) -> Result<ClientSettings, ConfigError> {
        let mut config = ClientConfig::new();
        for (name, value) in &self.properties {
            config.set(one_name(name), value);
        }
        config.set("bootstrap.servers", &self.bootstrap_servers);
        config.set("client.id", client_id);
        // A topic that the broker makes on its own has the broker's partitions, retention and
        // compaction.
        config.set("allow.auto.create.topics", "false");
        for (name, value) in [
            // A starting broker may answer with an empty list of brokers; forget that after 15 s
            // instead of the default 5 min.
            ("metadata.recovery.rebootstrap.trigger.ms", 15_000),
            (ANSWER_TIMEOUT, DEFAULT_ANSWER_TIMEOUT),
        ] {
            if config.get(name).is_none() {
                config.set(name, value.to_string());
            }
        }
        self.security.apply(&mut config)?;
        Ok(ClientSettings::new(
            config,
            self.security.clone(),
            self.certificate_files(),
        ))
    }

    /// Returns the certificates of these settings, where any file is set.
    pub(crate) fn certificates(&self) -> Option<Arc<Certificates>> {
        certificates::of(self.certificate_files())
    }

    fn certificate_files(&self) -> Files {
        let key_password = self.properties.get("ssl.key.password");
        Files {
            key_password: key_password.cloned(),
            ..self.security.files()
        }
    }

    /// Says why no broker can authenticate the client: no password was read, or no token is still
    /// valid. `None` where a credential can be used, or no client was made yet.
    #[must_use]
    pub fn credential_problem(&self) -> Option<String> {
        credentials::known(&self.security)?.problem()
    }
}

/// Says why the client refuses a property. By itself rdkafka adds the value, which may be a secret
/// although its name is none that is known to hold one: it may be misspelt.
fn without_value(error: &KafkaError) -> String {
    if let KafkaError::ClientConfig(_, reason, ..) = error {
        return reason.trim().to_owned();
    }
    error.to_string()
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
    fn a_property_is_known_by_one_name_however_it_is_written() {
        for (alias, name) in [
            ("compression.codec", "compression.type"),
            ("queue.buffering.max.ms", "linger.ms"),
            ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
        ] {
            let value = if name == "compression.type" {
                "gzip"
            } else {
                "7777"
            };
            let mut kafka = KafkaConfig::plaintext("broker:9092");
            kafka.properties.insert(alias.to_owned(), value.to_owned());
            let config = kafka.client_config("ingest").unwrap();
            assert_eq!(config.get(name), Some(value), "{alias}");
            assert_eq!(config.get(alias), None, "{alias}");
            kafka.properties.insert(name.to_owned(), value.to_owned());
            let told = kafka.problems().join("\n");
            assert!(told.contains(alias) && told.contains(name), "{told}");
        }
    }

    #[test]
    fn an_answer_is_waited_for_15_s_unless_it_is_configured() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        let waits = |kafka: &KafkaConfig| {
            let config = kafka.client_config("ingest").unwrap();
            config.get("socket.timeout.ms").map(str::to_owned)
        };
        assert_eq!(waits(&kafka).as_deref(), Some("15000"));
        let configured = [("socket.timeout.ms".to_owned(), "7000".to_owned())];
        kafka.properties.extend(configured);
        assert_eq!(waits(&kafka).as_deref(), Some("7000"));
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

    #[test]
    fn a_property_that_the_client_refuses_is_named_without_its_value() {
        for name in [
            "sasl.oauthbearer.client.secret",
            "sasl.pass",
            "statistics.interval.ms",
        ] {
            let mut kafka = KafkaConfig::plaintext("broker:9092");
            kafka.properties.insert(name.to_owned(), "hush".to_owned());
            let told = kafka.problems().join("\n");
            assert!(told.contains(name) && !told.contains("hush"), "{told}");
        }
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
