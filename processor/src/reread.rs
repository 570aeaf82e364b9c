//! Reading records again, so that a dead letter holds the original bytes although they are not kept in memory.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use stackone_link_schemas::Cause;
use stackone_link_transport::{KafkaConfig, RecordHeaders};

use crate::intake::Consumed;
use crate::reader::{Reader, reader};
use crate::work::AccountKey;

/// How long one record is looked for.
const DEADLINE: Duration = Duration::from_secs(10);

/// The records of `causes`, each with whether it has expired: then it has a key and no value. Blocks.
#[must_use]
pub fn reread(
    kafka: &KafkaConfig,
    topic: &str,
    key: &AccountKey,
    causes: &[Cause],
    is_cancelled: &dyn Fn() -> bool,
) -> Vec<(Consumed, bool)> {
    let reader = reader(kafka, "stackone-reread", "read_committed")
        .inspect_err(|error| tracing::error!(%error, "no client to read records again"))
        .ok();
    let read = |cause: &Cause| {
        let found = reader
            .as_ref()
            .and_then(|reader| read_at(reader, topic, cause, is_cancelled));
        match found {
            Some(record) => (record, false),
            None => (expired(key, cause), true),
        }
    };
    causes.iter().map(read).collect()
}

fn read_at(
    reader: &Reader,
    topic: &str,
    cause: &Cause,
    is_cancelled: &dyn Fn() -> bool,
) -> Option<Consumed> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, cause.partition, Offset::Offset(cause.offset))
        .ok()?;
    reader.assign(&list).ok()?;
    let deadline = Instant::now() + DEADLINE;
    while Instant::now() < deadline && !is_cancelled() {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() == cause.offset => {
                return Some(Consumed {
                    partition: message.partition(),
                    offset: message.offset(),
                    timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().unwrap_or_default().to_vec(),
                    headers: RecordHeaders::decode(message.headers()).ok(),
                });
            }
            // A later offset, or the end: the record is gone.
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return None,
            Some(Err(error)) => tracing::warn!(%error, "reading a record again"),
            None => {}
        }
    }
    None
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
