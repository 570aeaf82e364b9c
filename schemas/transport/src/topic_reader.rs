//! Reads partitions of a topic without a group: to the end, or to the end and then on.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use stackone_link_transport::{KafkaConfig, Polled, ReadError, ReadRange, TopicReader};
//! # fn is_cancelled() -> bool { false }
//! # fn main() -> Result<(), ReadError> {
//! # let kafka = KafkaConfig::plaintext("localhost:9092");
//! let mut reader = TopicReader::new(&kafka, "stackone-processor", "stackone.account.state.v1")?;
//! let partitions = reader.partitions(Duration::from_secs(10))?;
//! let ranges: Vec<_> = partitions.into_iter().map(ReadRange::whole).collect();
//! let mut reading = reader.read_to_end(&ranges, Duration::from_secs(30))?;
//! while !is_cancelled() {
//!     match reading.poll()? {
//!         Polled::Record(record) => println!("{:?} {:?}", record.key(), record.value()),
//!         Polled::Nothing => {}
//!         Polled::CaughtUp => break,
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With [`TopicReader::follow`] instead, records keep coming after [`Polled::CaughtUp`].

mod error;
mod range;
mod reading;
mod record;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use rdkafka::consumer::{Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::KafkaConfig;
use crate::standalone::{Isolation, StandaloneConsumer, standalone_consumer};

pub use error::ReadError;
pub use range::{ReadEnd, ReadRange, ReadStart};
pub use reading::{Polled, Reading};
pub use record::Record;

/// The time limit of one request to the cluster.
const STEP: Duration = Duration::from_secs(10);

/// Reads one topic. Joins no group, commits nothing, and sees committed records only. Every method
/// blocks: use it on a thread of its own.
pub struct TopicReader {
    consumer: StandaloneConsumer,
    topic: String,
}

impl TopicReader {
    /// Makes a reader of `topic`, which need not exist yet. It connects at its first request, and
    /// needs the rights to read `topic` and `group`, though it never joins that group.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used.
    pub fn new(kafka: &KafkaConfig, group: &str, topic: &str) -> Result<Self, ReadError> {
        Ok(Self {
            consumer: standalone_consumer(kafka, group, Isolation::ReadCommitted)?,
            topic: topic.to_owned(),
        })
    }

    /// Returns the numbers of the topic's partitions, at least one.
    ///
    /// # Errors
    ///
    /// Fails where the topic does not exist or may not be seen, or nobody answers within `within`.
    pub fn partitions(&self, within: Duration) -> Result<Vec<i32>, ReadError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), within);
        let metadata = metadata.map_err(|error| self.explain(error))?;
        let missing = || ReadError::Missing(self.topic.clone());
        let topic = metadata.topics().first().ok_or_else(missing)?;
        if let Some(error) = topic.error() {
            return Err(self.explain(KafkaError::MetadataFetch(error.into())));
        }
        let partitions = topic.partitions().iter();
        let numbers: Vec<i32> = partitions.map(|partition| partition.id()).collect();
        if numbers.is_empty() {
            return Err(missing());
        }
        Ok(numbers)
    }

    /// Returns the offsets of a partition's records, from the oldest up to the last stable offset:
    /// records at or after the first one of an open transaction are not included.
    ///
    /// # Errors
    ///
    /// Fails where the topic may not be read, or nobody answers within `within`.
    pub fn offsets(&self, partition: i32, within: Duration) -> Result<Range<i64>, ReadError> {
        let asked = self
            .consumer
            .fetch_watermarks(&self.topic, partition, within);
        let (low, stable) = asked.map_err(|error| self.explain(error))?;
        Ok(low..stable)
    }

    /// Returns the offset of the first record that is not older than `timestamp_ms`, in
    /// milliseconds since 1970; `None` where all are older.
    ///
    /// # Errors
    ///
    /// Fails where the topic may not be read, or nobody answers within `within`.
    pub fn offset_at(
        &self,
        partition: i32,
        timestamp_ms: i64,
        within: Duration,
    ) -> Result<Option<i64>, ReadError> {
        let mut times = TopicPartitionList::new();
        let time = Offset::Offset(timestamp_ms.max(0));
        times.add_partition_offset(&self.topic, partition, time)?;
        let found = self.consumer.offsets_for_times(times, within);
        let found = found.map_err(|error| self.explain(error))?;
        let Some(element) = found.find_partition(&self.topic, partition) else {
            return Ok(None);
        };
        element.error().map_err(|error| self.explain(error))?;
        Ok(element.offset().to_raw().filter(|offset| *offset >= 0))
    }

    /// Returns the offset that the reader's group has committed; `None` where it has committed
    /// none, or one in a transaction that is still open.
    ///
    /// # Errors
    ///
    /// Fails where the group's coordinator does not answer within `within`.
    pub fn committed(&self, partition: i32, within: Duration) -> Result<Option<i64>, ReadError> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, partition);
        let list = self.consumer.committed_offsets(list, within);
        let list = list.map_err(|error| self.explain(error))?;
        let element = list.find_partition(&self.topic, partition);
        let offset = element.filter(|element| element.error().is_ok());
        let offset = offset.and_then(|element| element.offset().to_raw());
        Ok(offset.filter(|offset| *offset >= 0))
    }

    /// Returns the metadata with which a transaction commits offsets of the reader's group without
    /// being a member of it.
    ///
    /// # Errors
    ///
    /// Never fails for this client, which has a group.
    pub fn group_metadata(&self) -> Result<ConsumerGroupMetadata, ReadError> {
        let metadata = self.consumer.group_metadata();
        Ok(metadata.ok_or(KafkaError::Global(rdkafka::types::RDKafkaErrorCode::State))?)
    }

    /// Begins to read `ranges` to their ends. [`Polled::CaughtUp`] comes when all ends are reached,
    /// and from then on at every poll. No record beyond the end of its range is returned.
    ///
    /// `patience` is how long a partition that has not ended may be silent before
    /// [`ReadError::Stalled`]. A report of the client itself, for instance that a broker cannot be
    /// reached, is no sign of life, and neither is a record of another partition.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not say where a partition ends.
    pub fn read_to_end(
        &mut self,
        ranges: &[ReadRange],
        patience: Duration,
    ) -> Result<Reading<'_>, ReadError> {
        self.read(ranges, reading::Mode::ToEnd, patience)
    }

    /// Begins to read `ranges`, and goes on after their ends for ever. [`Polled::CaughtUp`] comes
    /// once, when all ends are reached.
    ///
    /// Until then `patience` is as in [`Self::read_to_end`]. Afterwards silence may mean that there
    /// is nothing new: where it lasts for `patience` the reader asks the leaders of all partitions,
    /// and [`ReadError::Stalled`] means that not all have answered. [`Reading::heard`] says up to
    /// which time everything is read.
    ///
    /// Partitions that are added to the topic later are not read. Where the topic is deleted and
    /// made again, reading starts at its beginning if the last position does not exist in it.
    ///
    /// # Errors
    ///
    /// Fails where the cluster does not say where a partition ends.
    pub fn follow(
        &mut self,
        ranges: &[ReadRange],
        patience: Duration,
    ) -> Result<Reading<'_>, ReadError> {
        self.read(ranges, reading::Mode::Follow, patience)
    }

    fn read(
        &mut self,
        ranges: &[ReadRange],
        mode: reading::Mode,
        patience: Duration,
    ) -> Result<Reading<'_>, ReadError> {
        let mut ends = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for range in ranges {
            let offsets = range
                .asks_for_offsets()
                .then(|| self.offsets(range.partition, patience.min(STEP)))
                .transpose()?;
            let end = range.end_offset(offsets.as_ref());
            // A follower hears from an empty partition, too, before it has caught up: to ask where
            // it ends takes no right to read it.
            let end = match mode {
                reading::Mode::ToEnd => end,
                reading::Mode::Follow => end.or(Some(0)),
            };
            ends.insert(range.partition, end);
            if end.is_some() {
                let start = Offset::from(range.start);
                list.add_partition_offset(&self.topic, range.partition, start)?;
            }
        }
        self.consumer.assign(&list)?;
        let (consumer, topic) = (&self.consumer, self.topic.as_str());
        Ok(Reading::new(consumer, topic, mode, ends, patience))
    }

    fn explain(&self, error: KafkaError) -> ReadError {
        ReadError::of(error, &self.topic)
    }
}
