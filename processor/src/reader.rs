//! A consumer that joins no group: reads given partitions to their end.

use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use stackone_link_transport::{ConfigError, KafkaConfig, decode_headers};

use stackone_processor_core::event::intake::Consumed;

/// A consumer that joins no group and commits nothing.
pub type Reader = BaseConsumer<EndIsNoError>;

/// What librdkafka tells a reader, without the ends of partitions, which it takes for errors.
pub struct EndIsNoError;

impl ClientContext for EndIsNoError {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            // librdkafka's log says the same, and whoever reads is told by its poll.
            tracing::debug!(%error, reason, "reader");
        }
    }
}

impl ConsumerContext for EndIsNoError {}

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

/// Makes a reader that is told where partitions end. It names `group`, which it never joins: the client wants a group of
/// whoever assigns partitions, and asks for its coordinator, so it has to be one that we may use.
///
/// # Errors
///
/// Where settings cannot be used.
pub fn reader(
    kafka: &KafkaConfig,
    group: &str,
    isolation_level: &str,
) -> Result<Reader, ReaderError> {
    let mut config = kafka.client_config(&format!("{group}-reader"))?;
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("isolation.level", isolation_level)
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true");
    // There is one for each partition that is restored, and what they read ahead adds up: by default 64 MiB each, on top of
    // answers of 1 MiB that are unpacked at once. The default is also to wait for a second once that much is there.
    for (name, value) in [
        ("fetch.message.max.bytes", "262144"),
        ("queued.max.messages.kbytes", "1024"),
        ("fetch.queue.backoff.ms", "5"),
    ] {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    Ok(config.create_with_context(EndIsNoError)?)
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
