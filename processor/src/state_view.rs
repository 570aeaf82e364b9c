//! `state get | list`: what the state topic says, for an operator. Reads only.

mod print;

use std::collections::BTreeMap;
use std::time::Duration;

use stackone_link_schemas::{AccountId, AccountState};
use stackone_link_transport::{KafkaConfig, Polled, ReadError, ReadRange, Record, TopicReader};
use stackone_link_wire::partition_of_key;

pub(crate) use print::escaped;
pub use print::{Selection, run};

/// How long nothing may come before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// The last state of every account, or of the one that is asked for, by who may use `group`. Blocks.
///
/// # Errors
///
/// See [`ReadError`].
pub fn read(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    only: Option<&AccountId>,
) -> Result<BTreeMap<AccountId, AccountState>, ReadError> {
    let mut states = BTreeMap::new();
    each(kafka, group, topic, only, |id, value| {
        match value.map(AccountState::parse) {
            None => drop(states.remove(&id)),
            Some(Ok(state)) => drop(states.insert(id, state)),
            Some(Err(error)) => tracing::error!(account = %id, %error, "state cannot be read"),
        }
    })?;
    Ok(states)
}

/// Every state that is on the topic, and every removal of one, oldest first for each account. Blocks.
///
/// # Errors
///
/// See [`ReadError`].
pub(crate) fn each(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    only: Option<&AccountId>,
    mut take: impl FnMut(AccountId, Option<&[u8]>),
) -> Result<(), ReadError> {
    let mut reader = TopicReader::new(kafka, group, topic)?;
    let ranges = ranges(reader.partitions(STEP)?, only);
    let mut reading = reader.read_to_end(&ranges, PATIENCE)?;
    loop {
        match reading.poll()? {
            Polled::Record(record) => {
                let id = account_of(&record).filter(|id| only.is_none_or(|only| only == id));
                if let Some(id) = id {
                    take(id, record.value());
                }
            }
            Polled::Nothing => {}
            Polled::CaughtUp => return Ok(()),
        }
    }
}

/// The partitions that can hold what is asked for.
fn ranges(partitions: Vec<i32>, only: Option<&AccountId>) -> Vec<ReadRange> {
    let count = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
    let wanted = only.map(|id| partition_of_key(id.as_str().as_bytes(), count));
    let can_hold = |partition: &i32| wanted.is_none_or(|wanted| wanted == *partition);
    let partitions = partitions.into_iter().filter(can_hold);
    partitions.map(ReadRange::whole).collect()
}

fn account_of(record: &Record<'_>) -> Option<AccountId> {
    let key = std::str::from_utf8(record.key()?).ok()?;
    AccountId::try_from(key).ok()
}
