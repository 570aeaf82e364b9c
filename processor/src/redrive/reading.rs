//! Reading the dead-letter topic, as far as it goes when a redrive begins.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::RedriveError;
use super::progress::Partition;
use crate::reader::{Reader, ReaderError, consumed};
use stackone_processor_core::event::intake::Consumed;

/// How long nothing may come before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// The partitions of the topic and where to read them: from the offset that earlier redrives committed, to what a
/// `read_committed` reader can see now.
pub(super) fn partitions(
    reader: &Reader,
    topic: &str,
) -> Result<BTreeMap<i32, Partition>, RedriveError> {
    let metadata = reader.fetch_metadata(None, STEP)?;
    let found = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic && found.error().is_none());
    let numbers: Vec<i32> = found.map_or_else(Vec::new, |found| {
        found.partitions().iter().map(|one| one.id()).collect()
    });
    if numbers.is_empty() {
        return Err(RedriveError::NoTopic(topic.to_owned()));
    }
    let mut partitions = BTreeMap::new();
    for number in numbers {
        let (low, high) = reader.fetch_watermarks(topic, number, STEP)?;
        let committed = committed(reader, topic, number);
        let start = committed.filter(|next| (low..=high).contains(next));
        partitions.insert(number, Partition::new(start.unwrap_or(low), high));
    }
    Ok(partitions)
}

/// The committed offset only saves reading what is dealt with: that is also told by the markers that later redrives find.
/// So where it is not known, because it expired or a redrive is in the middle of a commit, nothing is lost.
fn committed(reader: &Reader, topic: &str, partition: i32) -> Option<i64> {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let list = reader.committed_offsets(list, STEP).ok()?;
    let element = list.find_partition(topic, partition)?;
    element.error().ok()?;
    element.offset().to_raw().filter(|offset| *offset >= 0)
}

/// Reads each partition from its start to its end, in order, until it was told to stop. Whether it came to the end.
pub(super) fn read(
    reader: &Reader,
    topic: &str,
    spans: &BTreeMap<i32, (i64, i64)>,
    stop: &CancellationToken,
    mut each: impl FnMut(Consumed) -> Result<(), RedriveError>,
) -> Result<bool, RedriveError> {
    let mut open: BTreeSet<i32> = BTreeSet::new();
    let mut list = TopicPartitionList::new();
    for (partition, (start, end)) in spans {
        if start < end {
            list.add_partition_offset(topic, *partition, Offset::Offset(*start))?;
            open.insert(*partition);
        }
    }
    reader.assign(&list)?;
    let mut heard = Instant::now();
    while !open.is_empty() && !stop.is_cancelled() {
        match reader.poll(Duration::from_millis(100)) {
            None if heard.elapsed() > PATIENCE => {
                return Err(RedriveError::Stalled(topic.to_owned()));
            }
            None => continue,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => tracing::warn!(%error, "reading dead letters"),
            Some(Ok(message)) => {
                let end = spans.get(&message.partition()).map_or(0, |(_, end)| *end);
                if message.offset() < end {
                    each(consumed(&message))?;
                }
                if message.offset() + 1 >= end {
                    open.remove(&message.partition());
                }
            }
        }
        heard = Instant::now();
    }
    Ok(open.is_empty())
}

impl From<KafkaError> for RedriveError {
    fn from(error: KafkaError) -> Self {
        Self::Reader(ReaderError::Kafka(error))
    }
}
