//! Errors of making a client.

use rdkafka::error::KafkaError;
use stackone_link_process::secret::SecretError;

/// Why Kafka settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// TLS was asked for in a build without the feature `kafka-tls`.
    #[error("kafka.security: this build has no TLS; build with --features kafka-tls")]
    NoTls,
    /// The password file cannot be read, or is empty.
    #[error("kafka.security.password_file: {0}")]
    PasswordFile(#[from] SecretError),
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A setting of our own cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// librdkafka refused the properties.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}
