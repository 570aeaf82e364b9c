//! A consumer that joins no group: for readers, and for questions that only a consumer may ask.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{ClientError, KafkaConfig, Live};

/// A consumer that joins no group and commits nothing.
pub type StandaloneConsumer = Live<BaseConsumer<EndIsNoError>>;

/// What of transactions a consumer sees, and up to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// What is committed. A partition ends at its last stable offset: before the first record of an
    /// open transaction.
    ReadCommitted,
    /// Everything, what is open or aborted included. A partition ends at its high watermark.
    ReadUncommitted,
}

impl Isolation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

/// Logs what librdkafka tells, without the ends of partitions, which it takes for errors.
pub struct EndIsNoError;

impl ClientContext for EndIsNoError {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            // librdkafka's log says the same, and who reads hears it from poll.
            tracing::debug!(%error, reason, "standalone consumer");
        }
    }
}

impl ConsumerContext for EndIsNoError {}

/// A consumer that is told where partitions end. It names `group`, which it never joins: the client
/// wants a group of whoever assigns partitions, and asks for its coordinator, so it has to be one
/// that we may use.
///
/// # Errors
///
/// Where settings cannot be used.
pub fn standalone_consumer(
    kafka: &KafkaConfig,
    group: &str,
    isolation: Isolation,
) -> Result<StandaloneConsumer, ClientError> {
    let mut config = kafka.client_config(&format!("{group}-reader"))?;
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("isolation.level", isolation.as_str())
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true");
    // A service may have one for each partition that it restores, and what they read ahead adds up:
    // by default 64 MiB each, on top of answers of 1 MiB that are unpacked at once. The default is
    // also to wait for a second once that much is there.
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
