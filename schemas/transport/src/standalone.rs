//! A consumer without a group, for readers and for requests that only a consumer can make.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{ClientError, KafkaConfig, Live};

/// A consumer that joins no group and commits nothing.
pub type StandaloneConsumer = Live<BaseConsumer<EndIsNoError>>;

/// Which records of transactions a consumer sees, and where its partitions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Only committed records. A partition ends at its last stable offset: before the first record
    /// of an open transaction.
    ReadCommitted,
    /// All records, also of open and aborted transactions. A partition ends at its high watermark.
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

/// Logs what librdkafka reports, except the ends of partitions, which it reports as errors.
pub struct EndIsNoError;

impl ClientContext for EndIsNoError {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            // librdkafka logs the same, and a reader gets the error from its poll.
            tracing::debug!(%error, reason, "standalone consumer");
        }
    }
}

impl ConsumerContext for EndIsNoError {}

/// Makes a consumer that reports where partitions end. It names `group` and never joins it:
/// librdkafka wants a group of any client that assigns partitions, and looks up its coordinator, so
/// this has to be a group that the client may use.
///
/// # Errors
///
/// Fails where the settings cannot be used.
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
    // A service may have one consumer for each partition that it restores, and their read-ahead
    // adds up: by default each holds 64 MiB, and answers of 1 MiB that are decompressed at once. By
    // default it also pauses for a second once that much is there.
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
