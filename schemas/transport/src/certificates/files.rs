//! The files of certificate, key and CA, and their contents.

use std::io;
use std::path::PathBuf;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DefaultProducerContext};
use secrecy::{ExposeSecret as _, SecretString};

/// The paths of the files, each of them optional.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    /// The value of the property `ssl.key.password`, where the key is encrypted.
    pub(crate) key_password: Option<String>,
}

/// Properties of librdkafka with the contents of their files, in PEM.
pub(super) struct Pem(Vec<(&'static str, SecretString)>);

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// A file cannot be read.
    #[error("kafka.security.{setting}: cannot read {}: {source}", path.display())]
    Unreadable {
        setting: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// librdkafka refuses the contents: a file is not PEM, or the key is another certificate's.
    #[error("kafka.security: {0}")]
    Refused(#[source] KafkaError),
}

impl Files {
    /// Returns whether any file is set.
    pub(crate) fn is_any(&self) -> bool {
        self.all().iter().any(|(_, _, path)| path.is_some())
    }

    const fn all(&self) -> [(&'static str, &'static str, Option<&PathBuf>); 3] {
        [
            ("ca_file", "ssl.ca.pem", self.ca.as_ref()),
            (
                "certificate_file",
                "ssl.certificate.pem",
                self.certificate.as_ref(),
            ),
            ("key_file", "ssl.key.pem", self.key.as_ref()),
        ]
    }

    pub(super) fn read(&self) -> Result<Pem, Unusable> {
        let mut properties = Vec::new();
        for (setting, property, path) in self.all() {
            let Some(path) = path else { continue };
            let read = std::fs::read_to_string(path).map_err(|source| Unusable::Unreadable {
                setting,
                path: path.clone(),
                source,
            })?;
            properties.push((property, read.into()));
        }
        if let Some(password) = &self.key_password {
            properties.push(("ssl.key.password", password.clone().into()));
        }
        Ok(Pem(properties))
    }
}

impl Pem {
    pub(super) fn apply(&self, config: &mut ClientConfig) {
        for (property, value) in &self.0 {
            config.set(*property, value.expose_secret());
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let values = |pem: &Self| -> Vec<_> {
            let values = pem
                .0
                .iter()
                .map(|(name, value)| (*name, value.expose_secret().to_owned()));
            values.collect()
        };
        values(self) == values(other)
    }

    /// Makes a client with these properties, which connects to no broker, and discards it.
    pub(super) fn try_out(&self) -> Result<(), Unusable> {
        let mut config = ClientConfig::new();
        config.set("security.protocol", "ssl");
        // The client would log that it has no brokers.
        config.set_log_level(RDKafkaLogLevel::Emerg);
        self.apply(&mut config);
        let made = config.create::<BaseProducer<DefaultProducerContext>>();
        made.map(drop).map_err(Unusable::Refused)
    }
}
