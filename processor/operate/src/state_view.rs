//! Reads the states of accounts from the state topic. Changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_schemas::{AccountId, AccountState};
use stackone_link_transport::{KafkaConfig, Polled, ReadError, ReadRange, Record, TopicReader};
use stackone_link_wire::partition_of_key;
use stackone_processor::config::Settings;
use stackone_processor_core::state::store::{StateStore, UnreadableState};
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
    /// The newest state of an account cannot be read, and no processor starts with it.
    #[error(transparent)]
    Unreadable(#[from] UnreadableState),
}

/// The newest state of every account.
#[derive(Debug, Default)]
pub struct States {
    /// The states that can be read.
    pub readable: BTreeMap<AccountId, AccountState>,
    /// The others, and why.
    pub unreadable: Vec<UnreadableState>,
}

impl States {
    /// Returns the states, if all can be read.
    ///
    /// # Errors
    ///
    /// Fails with the first that cannot.
    pub fn all(self) -> Result<BTreeMap<AccountId, AccountState>, UnreadableState> {
        match self.unreadable.into_iter().next() {
            None => Ok(self.readable),
            Some(unreadable) => Err(unreadable),
        }
    }

    fn of(newest: BTreeMap<AccountId, Result<AccountState, serde_json::Error>>) -> Self {
        let mut states = Self::default();
        for (account, state) in newest {
            match state {
                Ok(state) => drop(states.readable.insert(account, state)),
                Err(error) => states.unreadable.push(UnreadableState {
                    account: account.to_string(),
                    error,
                }),
            }
        }
        states
    }
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
pub async fn states(settings: &Settings, only: Option<AccountId>) -> Result<States, StatesError> {
    let source = Source::of(settings);
    let reading = move || -> Result<_, ReadError> {
        let mut newest = BTreeMap::new();
        each(&source, only.as_ref(), |id, value| {
            match value.map(AccountState::parse) {
                None => drop(newest.remove(&id)),
                Some(state) => drop(newest.insert(id, state)),
            }
        })?;
        Ok(States::of(newest))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_state_is_told_and_no_older_one_is_taken_for_it() {
        let id = |id: &str| AccountId::try_from(id).unwrap();
        let readable = br#"{"account_id":"a","state":"active","version":1}"#;
        let newest = [("a", readable.as_slice()), ("b", b"{")];
        let newest = newest.map(|(account, value)| (id(account), AccountState::parse(value)));
        let states = States::of(newest.into());
        assert_eq!(states.readable.keys().collect::<Vec<_>>(), [&id("a")]);
        let unreadable = states.all().unwrap_err();
        assert_eq!(unreadable.account, "b");
    }
}
