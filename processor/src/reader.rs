//! A consumer without a group, for requests to the cluster; and copies of its records.

use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use stackone_link_transport::{
    ClientError, ConfigError, Isolation, KafkaConfig, StandaloneConsumer, decode_headers,
    standalone_consumer,
};
use stackone_processor_core::event::intake::Consumed;

/// A consumer that joins no group and commits nothing.
pub type Reader = StandaloneConsumer;

/// Why no reader could be made.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// librdkafka refused the settings.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl From<ClientError> for ReaderError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Config(error) => Self::Config(error),
            ClientError::Kafka(error) => Self::Kafka(error),
        }
    }
}

/// Makes a reader; see [`standalone_consumer`]. Code that only reads topics uses a `TopicReader`.
///
/// # Errors
///
/// Fails where the settings cannot be used.
pub fn reader(
    kafka: &KafkaConfig,
    group: &str,
    isolation_level: &str,
) -> Result<Reader, ReaderError> {
    let isolation = match isolation_level {
        "read_uncommitted" => Isolation::ReadUncommitted,
        _ => Isolation::ReadCommitted,
    };
    Ok(standalone_consumer(kafka, group, isolation)?)
}

/// Copies a record out of the client's memory.
#[must_use]
pub fn consumed(message: &BorrowedMessage<'_>) -> Consumed {
    Consumed {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: decode_headers(message.headers()).ok(),
    }
}
