//! Why a client cannot be made.

use rdkafka::error::KafkaError;

use crate::ConfigError;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client refused its settings.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}
