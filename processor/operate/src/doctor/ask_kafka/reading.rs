//! Reads partitions within a time limit.

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use stackone_link_transport::{
    Inquirer, KafkaConfig, Polled, ReadEnd, ReadError, ReadRange, ReadStart, Record, TopicReader,
};

use super::within::Deadline;
use crate::doctor::seen::{StateSeen, Unseen};
use crate::doctor::survey::{At, StateRecord, Survey};
use stackone_processor::reader::Reader;

/// Returns the partitions of a topic that have no leader.
pub(super) fn leaderless(
    inquirer: &Inquirer,
    topic: &str,
    deadline: Deadline,
) -> Result<Vec<i32>, Unseen> {
    // An election takes seconds where a replica can lead, and the metadata of a new topic is
    // complete only after a while.
    let metadata = inquirer.ask(deadline.left(), |client, left| {
        client.fetch_metadata(Some(topic), left)
    })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or(Unseen::Missing)?;
    if let Some(error) = found.error() {
        return Err(KafkaError::MetadataFetch(error.into()).into());
    }
    let without = found
        .partitions()
        .iter()
        .filter(|partition| partition.leader() < 0);
    Ok(without.map(|partition| partition.id()).collect())
}

/// Returns the partitions of a topic.
pub(super) fn partitions(
    reader: &Reader,
    topic: &str,
    deadline: Deadline,
) -> Result<Vec<i32>, Unseen> {
    let metadata = reader.fetch_metadata(Some(topic), deadline.left())?;
    let found = metadata.topics().first().ok_or(Unseen::Missing)?;
    match found.error() {
        Some(error) => Err(KafkaError::MetadataFetch(error.into()).into()),
        None => Ok(found
            .partitions()
            .iter()
            .map(|partition| partition.id())
            .collect()),
    }
}

/// Whether a topic may be read. Asks for its offsets, and reads no record.
pub(super) fn is_readable(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    deadline: Deadline,
) -> Result<(), Unseen> {
    let mut reader = TopicReader::new(kafka, group, topic)?;
    let ranges = ranges(&reader, ReadStart::Latest, deadline)?;
    let left = read(&mut reader, &ranges, deadline, |_| {})?;
    if left == 0 {
        Ok(())
    } else {
        Err(Unseen::failed(format!(
            "the ends of {left} partitions were not reached in time"
        )))
    }
}

/// Reads all records of the state topic.
pub(super) fn survey(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    deadline: Deadline,
) -> Result<StateSeen, Unseen> {
    let mut reader = TopicReader::new(kafka, group, topic)?;
    let ranges = ranges(&reader, ReadStart::Earliest, deadline)?;
    let mut survey = Survey::of(i32::try_from(ranges.len()).unwrap_or(i32::MAX));
    let left = read(&mut reader, &ranges, deadline, |found| {
        survey.take(record(found))
    })?;
    if left > 0 && survey.records == 0 {
        return Err(Unseen::failed(format!(
            "nothing came from {left} partitions in time"
        )));
    }
    Ok(StateSeen {
        survey,
        is_complete: left == 0,
    })
}

fn record<'a>(found: &'a Record<'_>) -> StateRecord<'a> {
    StateRecord {
        at: At {
            partition: found.partition(),
            offset: found.offset(),
        },
        timestamp_ms: found.timestamp_ms(),
        key: found.key(),
        value: found.value(),
    }
}

/// Returns the ranges of all partitions up to the ends that the broker reports. A partition without
/// an answer does not stop the others.
fn ranges(
    reader: &TopicReader,
    start: ReadStart,
    deadline: Deadline,
) -> Result<Vec<ReadRange>, Unseen> {
    let partitions = reader.partitions(deadline.left())?.into_iter();
    let range = |partition| ReadRange {
        partition,
        start,
        end: ReadEnd::Reported,
    };
    Ok(partitions.map(range).collect())
}

/// Reads until every end is reached. Returns how many partitions did not reach it.
fn read(
    reader: &mut TopicReader,
    ranges: &[ReadRange],
    deadline: Deadline,
    mut each: impl FnMut(&Record<'_>),
) -> Result<usize, Unseen> {
    let mut reading = reader.read_to_end(ranges, deadline.left())?;
    while !deadline.is_over() {
        match reading.poll() {
            Ok(Polled::Record(record)) => each(&record),
            // After these errors the client goes on by itself.
            Ok(Polled::Nothing) | Err(ReadError::Stalled { .. } | ReadError::Kafka(_)) => {}
            Ok(Polled::CaughtUp) => break,
            Err(
                refused @ (ReadError::Forbidden { .. }
                | ReadError::Missing(_)
                | ReadError::Client(_)),
            ) => return Err(refused.into()),
        }
    }
    Ok(reading.open_partitions())
}
