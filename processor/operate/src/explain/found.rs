//! What was found of an account, before anybody says what it means.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use stackone_link_schemas::{AccountState, DeadLetterReason, TakenIn};
use uuid::Uuid;

use super::newest::Newest;
use super::unseen::NotSeen;

/// How far the processor is with a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerProgress {
    /// It became a dead letter.
    PutAside,
    /// The state has it: it is decided, or among what is pending.
    TakenIn,
    /// The consumer group has committed past it.
    Passed,
    /// The consumer group has not.
    Waiting,
    /// The group has committed nothing of its partition, or is in a transaction just now.
    Unknown,
}

/// A record of the account events topic that has the account as key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// `ce_type`; absent where its headers cannot be read.
    pub event_type: Option<String>,
    /// `ce_id`.
    pub id: Option<Uuid>,
    /// The project of `ce_source`.
    pub project_id: Option<String>,
    /// When ingest had it, and by which of its sources; absent where it is none of ingest's.
    pub received_at: Option<Timestamp>,
    /// See `received_at`.
    pub source: Option<String>,
    /// How often it was put back by a redrive.
    pub redrives: u32,
    /// How far the processor is with it.
    pub progress: TriggerProgress,
}

impl Trigger {
    /// Whether it is StackOne's, and not a resync's or a look's.
    #[must_use]
    pub fn is_webhook(&self) -> bool {
        let event_type = self.event_type.as_deref();
        event_type.is_none_or(|event_type| !event_type.starts_with("pipeline."))
    }

    /// Whether a state that has taken in `taken` accounts for it.
    pub(super) fn is_in(&self, taken: &TakenIn) -> bool {
        let at = self.at.map_or(i64::MAX, Timestamp::as_millisecond);
        taken.partition == self.partition && self.offset <= taken.offset && at <= taken.timestamp_ms
    }
}

/// A list of all accounts of a project that a resync has completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteList {
    /// The project; absent where one without an id serves everything.
    pub project_id: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// Whether it names the account.
    pub names_account: bool,
}

/// A dead letter of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Partition of the dead-letter topic.
    pub partition: i32,
    /// Offset there.
    pub offset: i64,
    /// Why it was put aside.
    pub reason: DeadLetterReason,
    /// In words.
    pub detail: String,
    /// `ce_type` of the record.
    pub event_type: String,
    /// Where the record was: partition and offset of the account events topic.
    pub origin: (i32, i64),
    /// Lookups that were made for it.
    pub attempts: u32,
    /// How often it had been put back before.
    pub redrives: u32,
    /// When it was put aside.
    pub last_seen: Timestamp,
    /// Whether its bytes had expired before.
    pub value_expired: bool,
    /// Whether a redrive has dealt with it since.
    pub put_back: bool,
}

/// A record of the unrecognized topic whose body names the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stray {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// The event that the body names.
    pub event_type: Option<String>,
    /// The project that the body names.
    pub project_id: Option<String>,
    /// By which of ingest's sources it came.
    pub source: Option<String>,
    /// Why it is there; absent in what an older ingest wrote.
    pub reason: Option<String>,
}

/// How much of a topic was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The topic.
    pub topic: String,
    /// Records that were read.
    pub records: u64,
    /// Offsets that are not older than what was asked for, and were not read.
    pub not_read: u64,
}

/// What was found on a topic, and how much of it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenOnTopic<T> {
    /// What was found.
    pub found: T,
    /// How much was read.
    pub looked: Looked,
}

/// What the account events topic has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// Records of the account.
    pub triggers: Newest<Trigger>,
    /// The newest complete list of each project.
    pub lists: Vec<CompleteList>,
    /// The offset that the consumer group has committed for the account's partition.
    pub committed: Option<i64>,
}

/// What the unrecognized topic has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// Records that name the account.
    pub strays: Newest<Stray>,
    /// Records that name no account that can be read: one of them may be its.
    pub nameless: u64,
}

/// All that was found, and why the rest was not looked at.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its state.
    pub state: Result<Option<AccountState>, NotSeen>,
    /// Its triggers.
    pub events: Result<SeenOnTopic<Events>, NotSeen>,
    /// Its dead letters.
    pub letters: Result<SeenOnTopic<Newest<Letter>>, NotSeen>,
    /// What was of no use.
    pub strays: Result<SeenOnTopic<Strays>, NotSeen>,
}

impl Evidence {
    /// Nothing could be looked at.
    #[must_use]
    pub fn unseen(why: &NotSeen) -> Self {
        Self {
            state: Err(why.clone()),
            events: Err(why.clone()),
            letters: Err(why.clone()),
            strays: Err(why.clone()),
        }
    }

    /// The state, where there is one.
    #[must_use]
    pub fn state(&self) -> Option<&AccountState> {
        self.state.as_ref().ok()?.as_ref()
    }

    /// The triggers, where they could be read.
    pub(super) fn triggers(&self) -> Option<&Newest<Trigger>> {
        let events = self.events.as_ref().ok()?;
        Some(&events.found.triggers)
    }

    /// The dead letters, where they could be read.
    pub(super) fn letters(&self) -> Option<&Newest<Letter>> {
        let letters = self.letters.as_ref().ok()?;
        Some(&letters.found)
    }

    /// What was of no use, where it could be read.
    pub(super) fn strays(&self) -> Option<&Newest<Stray>> {
        let strays = self.strays.as_ref().ok()?;
        Some(&strays.found.strays)
    }
}

/// As JSON: what was found by name, `null` where it was not looked at.
impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Names<'a> {
            state: Option<&'a AccountState>,
            triggers: Option<&'a Newest<Trigger>>,
            committed_offset: Option<i64>,
            complete_lists: Option<&'a [CompleteList]>,
            dead_letters: Option<&'a Newest<Letter>>,
            unrecognized: Option<&'a Newest<Stray>>,
            looked_at: Vec<&'a Looked>,
        }
        let events = self.events.as_ref().ok();
        let looked = [
            events.map(|seen| &seen.looked),
            self.letters.as_ref().ok().map(|seen| &seen.looked),
            self.strays.as_ref().ok().map(|seen| &seen.looked),
        ];
        Names {
            state: self.state(),
            triggers: self.triggers(),
            committed_offset: events.and_then(|seen| seen.found.committed),
            complete_lists: events.map(|seen| seen.found.lists.as_slice()),
            dead_letters: self.letters(),
            unrecognized: self.strays(),
            looked_at: looked.into_iter().flatten().collect(),
        }
        .serialize(serializer)
    }
}
