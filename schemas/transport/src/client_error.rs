//! The error of making a client.

use rdkafka::error::KafkaError;

use crate::ConfigError;

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
