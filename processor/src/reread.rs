//! Reading records again, so that a dead letter holds the original bytes although they are not kept in memory.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use stackone_link_schemas::Cause;
use stackone_link_transport::KafkaConfig;

use crate::reader::{Reader, ReaderError, consumed, reader};
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::work::AccountKey;

/// Longest time one call into the client may block, so that it is noticed when nobody waits any more.
const SLICE: Duration = Duration::from_millis(100);
/// How long one question for the watermarks may take.
const STEP: Duration = Duration::from_secs(2);

/// Why a record cannot be read again now. It may be there, so it must not be taken for expired: a dead letter without its
/// bytes can never be put back.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// There is no client.
    #[error("no client to read records again")]
    Reader(#[from] ReaderError),
    /// The client refuses to read there.
    #[error("offset {offset} of partition {partition} cannot be read again")]
    Kafka {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
        /// Why.
        source: KafkaError,
    },
    /// The cluster neither gave the record in time nor showed that it has expired; or nobody waits for it any more.
    #[error("offset {offset} of partition {partition} was not read again in time")]
    NotInTime {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
}

/// The records of `causes`, read by who may use `group`, each with whether it has expired: then it has a key and no value. Blocks, for each of them not
/// longer than `within`.
///
/// # Errors
///
/// See [`RereadError`].
pub fn reread(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    key: &AccountKey,
    causes: &[Cause],
    within: Duration,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<(Consumed, bool)>, RereadError> {
    let reader = reader(kafka, group, "read_committed")?;
    let read = |cause: &Cause| {
        let deadline = Instant::now() + within;
        let is_over = || Instant::now() >= deadline || is_cancelled();
        Ok(match read_at(&reader, topic, cause, &is_over)? {
            Some(record) => (record, false),
            None => (expired(key, cause), true),
        })
    };
    causes.iter().map(read).collect()
}

/// What is at the offset of `cause`; none where the broker shows that there is nothing any more.
fn read_at(
    reader: &Reader,
    topic: &str,
    cause: &Cause,
    is_over: &dyn Fn() -> bool,
) -> Result<Option<Consumed>, RereadError> {
    let (partition, offset) = (cause.partition, cause.offset);
    let refused = |source| RereadError::Kafka {
        partition,
        offset,
        source,
    };
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))
        .map_err(refused)?;
    reader.assign(&list).map_err(refused)?;
    while !is_over() {
        match reader.poll(SLICE) {
            // Of a topic that was made again the offset has another record, which may be another account's.
            Some(Ok(message)) if message.offset() == offset => {
                return Ok(Some(consumed(&message)).filter(|record| record.is_of(cause)));
            }
            // Asked for this offset the broker gave another one: this one was deleted, or holds no record.
            Some(Ok(_)) => return Ok(None),
            // Nothing can be read from here on now. Where the low watermark has passed the offset, that is for good.
            Some(Err(KafkaError::PartitionEOF(_))) => {
                let watermarks = reader.fetch_watermarks(topic, partition, STEP);
                if watermarks.is_ok_and(|(low, _)| low > offset) {
                    return Ok(None);
                }
            }
            Some(Err(error)) => tracing::debug!(%error, "reading a record again"),
            None => {}
        }
    }
    Err(RereadError::NotInTime { partition, offset })
}

fn expired(key: &AccountKey, cause: &Cause) -> Consumed {
    Consumed {
        partition: cause.partition,
        offset: cause.offset,
        timestamp_ms: cause.received_at.map_or(0, jiff::Timestamp::as_millisecond),
        key: Some(key.id.as_str().into()),
        value: Vec::new(),
        headers: None,
    }
}
