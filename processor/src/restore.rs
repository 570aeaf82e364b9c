//! Restoring the state of a partition from the compacted topic, before the partition is processed.
//!
//! The order matters. Once the committed offset is *stable*, no transaction of the former owner that sent offsets is
//! open, and one that has not sent them yet will be fenced. So all that can still be committed to the state topic lies
//! below its high watermark, and the state is complete when the last stable offset has reached that.

mod asking;
mod error;

use std::fmt;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use stackone_client_types::PersonalFields;
use stackone_link_schemas::AccountId;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::partition_of_key;

use crate::consumer::GroupQuestions;
use crate::reader::{Reader, reader};
use stackone_processor_core::state::store::{StateStore, UncheckedStates};

use asking::Asking;
pub use error::RestoreError;

/// How long one question to the cluster may take before it is asked again.
const STEP: Duration = Duration::from_secs(5);

/// A partition that can be processed.
pub struct Restored {
    /// The partition.
    pub partition: i32,
    /// Its accounts.
    pub states: StateStore,
    /// How many partitions the topic of states has, which is as many as that of events: an account whose key leads to
    /// another of them must not get a state here.
    pub partitions: i32,
    /// Where processing goes on.
    pub position: Position,
}

impl fmt::Debug for Restored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Restored")
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}

/// Where processing of a partition goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The next offset.
    pub next: i64,
    /// The committed offset is not among what the topic holds: records were deleted before they were read, or the topic
    /// was made again.
    pub was_out_of_range: bool,
}

/// Restores partitions; each thread that restores has one.
pub struct Restore {
    kafka: KafkaConfig,
    topic: String,
    group_id: String,
    personal: PersonalFields,
    group: Option<GroupQuestions>,
}

impl Restore {
    /// For the state topic `topic` and the positions of `group`, whose id is `group_id`. Of personal data only what is in
    /// `personal` is kept.
    #[must_use]
    pub const fn new(
        kafka: KafkaConfig,
        topic: String,
        group_id: String,
        personal: PersonalFields,
        group: GroupQuestions,
    ) -> Self {
        Self {
            kafka,
            topic,
            group_id,
            personal,
            group: Some(group),
        }
    }

    /// Restores a partition. Blocks until it is done or `is_cancelled` says that nobody wants it any more.
    ///
    /// # Errors
    ///
    /// Where the topic is set up in a way that would damage data, or settings cannot be used. An unreachable cluster is
    /// waited for.
    pub fn run(
        mut self,
        partition: i32,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Restored>, RestoreError> {
        let in_partition = |source| RestoreError::Kafka { partition, source };
        // Let go at once: the group sees this member as long as anyone holds it.
        let Some(group) = self.group.take() else {
            return Ok(None);
        };
        let asking = Asking {
            partition,
            is_cancelled,
        };
        let Some(position) = position(&group, &asking) else {
            return Ok(None);
        };
        drop(group);
        let uncommitted = reader(&self.kafka, &self.group_id, "read_uncommitted")
            .map_err(|error| error.in_partition(partition))?;
        let committed = reader(&self.kafka, &self.group_id, "read_committed")
            .map_err(|error| error.in_partition(partition))?;
        let end = |reader: &Reader| reader.fetch_watermarks(&self.topic, partition, STEP);
        let high = "high watermark of the state topic";
        let Some((_, high)) = asking.until_ok(high, || end(&uncommitted)) else {
            return Ok(None);
        };
        if asking.until_stable(high, || end(&committed)).is_none() {
            return Ok(None);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition, Offset::Beginning)
            .map_err(in_partition)?;
        committed.assign(&list).map_err(in_partition)?;
        let read = self.read_to_end(&committed, &asking)?;
        Ok(read.map(|(states, partitions)| Restored {
            partition,
            states,
            partitions,
            position,
        }))
    }

    /// Reads to the end that the broker reports: positions and watermarks cannot be compared, control records lie between.
    fn read_to_end(
        &self,
        reader: &Reader,
        asking: &Asking<'_>,
    ) -> Result<Option<(StateStore, i32)>, RestoreError> {
        let count = || {
            let metadata = reader.fetch_metadata(Some(&self.topic), STEP)?;
            let topic = metadata
                .topics()
                .first()
                .filter(|topic| topic.error().is_none());
            let partitions = topic.map_or(0, |topic| topic.partitions().len());
            if partitions == 0 {
                Err(KafkaError::NoMessageReceived)
            } else {
                Ok(partitions)
            }
        };
        let Some(partitions) = asking.until_ok("partition count", count) else {
            return Ok(None);
        };
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let partition = asking.partition;
        let mut states = UncheckedStates::default();
        while !(asking.is_cancelled)() {
            match reader.poll(Duration::from_millis(100)) {
                None => {}
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    let states = self.checked(states, partition)?;
                    return Ok(Some((states, partitions)));
                }
                Some(Err(error)) => tracing::warn!(partition, %error, "reading the state topic"),
                Some(Ok(message)) => {
                    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
                    let Some(id) = key.and_then(|key| AccountId::try_from(key).ok()) else {
                        tracing::warn!(
                            partition,
                            offset = message.offset(),
                            "state record without an account id as key"
                        );
                        continue;
                    };
                    if partition_of_key(id.as_str().as_bytes(), partitions) != partition {
                        let topic = self.topic.clone();
                        return Err(RestoreError::WrongPartition {
                            topic,
                            partition,
                            account: id,
                        });
                    }
                    states.put(id, message.payload());
                }
            }
        }
        Ok(None)
    }

    /// Only what is left of each account matters, and reading states is most of the work of a restore.
    fn checked(&self, states: UncheckedStates, partition: i32) -> Result<StateStore, RestoreError> {
        let unreadable = |error| RestoreError::UnreadableState {
            topic: self.topic.clone(),
            partition,
            error,
        };
        states.check(self.personal).map_err(unreadable)
    }
}

fn position(group: &GroupQuestions, asking: &Asking<'_>) -> Option<Position> {
    let partition = asking.partition;
    let committed = || group.committed(partition, STEP);
    let committed = asking.until_ok("stable committed offset", committed)?;
    let watermarks = || group.watermarks(partition, STEP);
    let (low, high) = asking.until_ok("watermarks of the events topic", watermarks)?;
    Some(match committed {
        Some(next) if (low..=high).contains(&next) => Position {
            next,
            was_out_of_range: false,
        },
        Some(_) => Position {
            next: low,
            was_out_of_range: true,
        },
        None => Position {
            next: low,
            was_out_of_range: false,
        },
    })
}
