//! A consumer that joins no group, for questions; and records as they are kept.

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

/// Why there is no reader.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client refused its settings.
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

/// Makes a reader; see [`standalone_consumer`]. Whoever only reads takes a `TopicReader`.
///
/// # Errors
///
/// Where settings cannot be used.
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

/// A record as the client holds it, copied.
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
