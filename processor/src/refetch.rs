//! Reading records again: makes the calls that [`RefetchSteps`] asks for.

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

/// Longest time one call into the client may block, so that it is noticed when nobody waits any more.
const SLICE: Duration = Duration::from_millis(100);
/// How long one question for the watermarks may take.
const STEP: Duration = Duration::from_secs(2);

/// Why a record cannot be read again now.
#[derive(Debug, thiserror::Error)]
pub enum RefetchError {
    /// There is no client.
    #[error("no client to read records again")]
    Reader(#[from] ReaderError),
    /// The client refuses to read there.
    #[error("records cannot be read again")]
    Kafka(#[from] KafkaError),
    /// The cluster neither gave the record in time nor showed that it has expired.
    #[error(transparent)]
    NotInTime(#[from] NotInTime),
    /// Nobody waits for it any more.
    #[error("nobody waits for the records any more")]
    Cancelled,
}

/// The records of `causes`, read by who may use `group`, each with whether it has expired: then it has a key and no value.
/// Blocks, for each of them not longer than `within`.
///
/// # Errors
///
/// See [`RefetchError`].
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
