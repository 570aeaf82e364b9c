//! Reads records again by the calls that [`RefetchSteps`] asks for.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use stackone_link_schemas::Cause;
use stackone_link_transport::KafkaConfig;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::steps::refetch::{
    NotInTime, RefetchAnswer, RefetchStep, RefetchSteps,
};
use stackone_processor_core::work::AccountKey;

use crate::clock;
use crate::reader::{Reader, ReaderError, consumed, reader};

/// The longest time that one call may block, so that a cancellation is noticed.
const SLICE: Duration = Duration::from_millis(100);
/// How long one request for watermarks may take.
const STEP: Duration = Duration::from_secs(2);

/// Why a record cannot be read again now.
#[derive(Debug, thiserror::Error)]
pub enum RefetchError {
    /// The reader could not be made.
    #[error("no client to read records again")]
    Reader(#[from] ReaderError),
    /// librdkafka refuses to read there.
    #[error("records cannot be read again")]
    Kafka(#[from] KafkaError),
    /// The cluster neither gave the record in time nor showed that it has expired.
    #[error(transparent)]
    NotInTime(#[from] NotInTime),
    /// The result is not needed any more.
    #[error("nobody waits for the records any more")]
    Cancelled,
}

/// Reads the records of `causes` with a client that names `group`. `true` marks a record that has
/// expired: it has a key and no value. Blocks, for each record at most `within`.
///
/// # Errors
///
/// Fails as [`RefetchError`] says.
pub fn refetch(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    key: &AccountKey,
    causes: &[Cause],
    within: Duration,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<(Consumed, bool)>, RefetchError> {
    let reader = reader(kafka, group, "read_committed")?;
    let mut steps = RefetchSteps::new(key.clone(), causes.to_vec(), within, clock::monotonic());
    loop {
        let answer = match steps.next() {
            RefetchStep::Done => return Ok(steps.finish()?),
            RefetchStep::Read {
                partition,
                offset,
                is_first,
            } => {
                if is_first {
                    go_to(&reader, topic, partition, offset)?;
                }
                read(&reader)
            }
            RefetchStep::LowWatermark(partition) => {
                let watermarks = reader.fetch_watermarks(topic, partition, STEP);
                watermarks.map_or(RefetchAnswer::None, |(low, _)| RefetchAnswer::Low(low))
            }
        };
        if is_cancelled() {
            return Err(RefetchError::Cancelled);
        }
        steps.ended(answer, clock::monotonic());
    }
}

fn go_to(reader: &Reader, topic: &str, partition: i32, offset: i64) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    reader.assign(&list)
}

fn read(reader: &Reader) -> RefetchAnswer {
    match reader.poll(SLICE) {
        Some(Ok(message)) => RefetchAnswer::Record(Box::new(consumed(&message))),
        Some(Err(KafkaError::PartitionEOF(_))) => RefetchAnswer::EndOfPartition,
        Some(Err(error)) => {
            tracing::debug!(%error, "reading a record again");
            RefetchAnswer::None
        }
        None => RefetchAnswer::None,
    }
}
