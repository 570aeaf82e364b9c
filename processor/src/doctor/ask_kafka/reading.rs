//! Reads partitions, as far as there is time.

use std::collections::HashSet;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use stackone_link_transport::{Inquirer, KafkaConfig};

use super::Deadline;
use crate::doctor::seen::{StateSeen, Unseen};
use crate::doctor::survey::{At, StateRecord, Survey};
use crate::reader::{Reader, reader};

/// How long one poll may take.
const POLL: Duration = Duration::from_millis(100);

/// The partitions of a topic that have no leader.
pub(super) fn leaderless(
    inquirer: &Inquirer,
    topic: &str,
    deadline: Deadline,
) -> Result<Vec<i32>, Unseen> {
    // A leader is elected within seconds where there is one to elect, and a topic that was just made is told by and by.
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

/// The partitions of a topic.
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

/// Whether a topic may be read: its ends are looked at, and no record.
pub(super) fn is_readable(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    deadline: Deadline,
) -> Result<(), Unseen> {
    let reader = reader(kafka, group, "read_committed")?;
    let open = assign(&reader, topic, Offset::End, deadline)?;
    let left = read(&reader, open, deadline, |_| {})?;
    if left == 0 {
        Ok(())
    } else {
        Err(Unseen::failed(format!(
            "the ends of {left} partitions were not reached in time"
        )))
    }
}

/// All records of the state topic.
pub(super) fn survey(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    deadline: Deadline,
) -> Result<StateSeen, Unseen> {
    let reader = reader(kafka, group, "read_committed")?;
    let open = assign(&reader, topic, Offset::Beginning, deadline)?;
    let mut survey = Survey::of(i32::try_from(open.len()).unwrap_or(i32::MAX));
    let left = read(&reader, open, deadline, |message| {
        survey.take(record(message))
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

fn record<'a>(message: &'a BorrowedMessage<'_>) -> StateRecord<'a> {
    StateRecord {
        at: At {
            partition: message.partition(),
            offset: message.offset(),
        },
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key(),
        value: message.payload(),
    }
}

fn assign(
    reader: &Reader,
    topic: &str,
    from: Offset,
    deadline: Deadline,
) -> Result<HashSet<i32>, Unseen> {
    let open: HashSet<i32> = partitions(reader, topic, deadline)?.into_iter().collect();
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, from)?;
    }
    reader.assign(&list)?;
    Ok(open)
}

/// Reads until every open partition's end was reached, and says of how many it was not.
fn read(
    reader: &Reader,
    mut open: HashSet<i32>,
    deadline: Deadline,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<usize, Unseen> {
    while !open.is_empty() && !deadline.is_over() {
        match reader.poll(POLL) {
            None => {}
            Some(Ok(message)) => each(&message),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => match Unseen::from(error) {
                // The client goes on by itself after anything else.
                Unseen::Unsupported | Unseen::Failed { .. } => {}
                refused @ (Unseen::Forbidden | Unseen::Missing) => return Err(refused),
            },
        }
    }
    Ok(open.len())
}
