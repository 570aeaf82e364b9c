//! `state get | list`: what the state topic says, for an operator. Reads only.

mod print;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use stackone_link_schemas::{AccountId, AccountState};
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::partition_of_key;

use crate::reader::{Reader, ReaderError, reader};

pub(crate) use print::escaped;
pub use print::{Selection, run};

/// How long nothing may come before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// Why the state topic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateViewError {
    /// No client.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// The cluster does not answer.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// There is no such topic.
    #[error("topic {0} does not exist or cannot be seen")]
    NoTopic(String),
    /// The end was not reached.
    #[error("nothing came from topic {0} for 30 s")]
    Stalled(String),
}

/// The last state of every account, or of the one that is asked for, by who may use `group`. Blocks.
///
/// # Errors
///
/// See [`StateViewError`].
pub fn read(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    only: Option<&AccountId>,
) -> Result<BTreeMap<AccountId, AccountState>, StateViewError> {
    let mut states = BTreeMap::new();
    each(kafka, group, topic, only, |id, value| {
        match value.map(serde_json::from_slice::<AccountState>) {
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
/// See [`StateViewError`].
pub(crate) fn each(
    kafka: &KafkaConfig,
    group: &str,
    topic: &str,
    only: Option<&AccountId>,
    mut take: impl FnMut(AccountId, Option<&[u8]>),
) -> Result<(), StateViewError> {
    let reader = reader(kafka, group, "read_committed")?;
    let mut open = assign(&reader, topic, only)?;
    let mut heard = Instant::now();
    while !open.is_empty() {
        match reader.poll(Duration::from_millis(100)) {
            None if heard.elapsed() > PATIENCE => {
                return Err(StateViewError::Stalled(topic.to_owned()));
            }
            None => continue,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => tracing::warn!(%error, "reading the state topic"),
            Some(Ok(message)) => {
                let id = account_of(&message).filter(|id| only.is_none_or(|only| only == id));
                if let Some(id) = id {
                    take(id, message.payload());
                }
            }
        }
        heard = Instant::now();
    }
    Ok(())
}

/// Assigns the partitions that can hold what is asked for, from their beginning.
fn assign(
    reader: &Reader,
    topic: &str,
    only: Option<&AccountId>,
) -> Result<HashSet<i32>, StateViewError> {
    let metadata = reader.fetch_metadata(None, STEP)?;
    let found = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic && found.error().is_none());
    let all: Vec<i32> = found.map_or_else(Vec::new, |found| {
        found.partitions().iter().map(|one| one.id()).collect()
    });
    if all.is_empty() {
        return Err(StateViewError::NoTopic(topic.to_owned()));
    }
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    let wanted = only.map(|id| partition_of_key(id.as_str().as_bytes(), count));
    let mut list = TopicPartitionList::new();
    let mut open = HashSet::new();
    for partition in all
        .into_iter()
        .filter(|partition| wanted.is_none_or(|wanted| wanted == *partition))
    {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
        open.insert(partition);
    }
    reader.assign(&list)?;
    Ok(open)
}

fn account_of(message: &impl Message) -> Option<AccountId> {
    let key = std::str::from_utf8(message.key()?).ok()?;
    AccountId::try_from(key).ok()
}
