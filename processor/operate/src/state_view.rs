//! Reads the states of accounts from the state topic. Changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_schemas::{AccountId, AccountState};
use stackone_link_transport::{KafkaConfig, Polled, ReadError, ReadRange, Record, TopicReader};
use stackone_link_wire::partition_of_key;
use stackone_processor::config::Settings;
use stackone_processor_core::state::store::StateStore;
use tokio::task::JoinError;

use crate::tasks;

/// How long a read may bring nothing before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one request to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// Why states cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StatesError {
    /// The topic cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The thread that reads ended early.
    #[error(transparent)]
    Died(#[from] JoinError),
}

/// How the state topic is reached.
#[derive(Debug, Clone)]
struct Source {
    kafka: KafkaConfig,
    /// A group that this process may name; the reader does not join it.
    group: String,
    topic: String,
}

impl Source {
    fn of(settings: &Settings) -> Self {
        Self {
            kafka: settings.kafka.clone(),
            group: settings.group.id.clone(),
            topic: settings.topics.state.clone(),
        }
    }
}

/// Returns the newest state of every account, or of `only` one.
///
/// # Errors
///
/// Fails as [`StatesError`] says.
pub async fn states(
    settings: &Settings,
    only: Option<AccountId>,
) -> Result<BTreeMap<AccountId, AccountState>, StatesError> {
    let source = Source::of(settings);
    let reading = move || -> Result<_, ReadError> {
        let mut states = BTreeMap::new();
        each(&source, only.as_ref(), |id, value| {
            match value.map(AccountState::parse) {
                None => drop(states.remove(&id)),
                Some(Ok(state)) => drop(states.insert(id, state)),
                Some(Err(error)) => tracing::error!(account = %id, %error, "state cannot be read"),
            }
        })?;
        Ok(states)
    };
    Ok(spawn_blocking(tasks::STATES, reading).await??)
}

/// Returns all states in the form in which a processor keeps them.
pub(crate) async fn store(settings: &Settings) -> Result<StateStore, StatesError> {
    let source = Source::of(settings);
    let reading = move || -> Result<_, ReadError> {
        let mut states = StateStore::default();
        each(&source, None, |id, value| {
            states.put(&id, value);
        })?;
        Ok(states)
    };
    Ok(spawn_blocking(tasks::STATES, reading).await??)
}

/// Returns the bytes of an account's newest state. Blocks.
pub(crate) fn newest(
    settings: &Settings,
    account: &AccountId,
) -> Result<Option<Vec<u8>>, ReadError> {
    let mut newest = None;
    each(&Source::of(settings), Some(account), |_, value| {
        newest = value.map(<[u8]>::to_vec);
    })?;
    Ok(newest)
}

/// Passes on every state and every tombstone of the topic, the oldest first for each account.
/// Blocks.
fn each(
    source: &Source,
    only: Option<&AccountId>,
    mut take: impl FnMut(AccountId, Option<&[u8]>),
) -> Result<(), ReadError> {
    let mut reader = TopicReader::new(&source.kafka, &source.group, &source.topic)?;
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

/// Returns the partitions that can hold the account, or all.
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
