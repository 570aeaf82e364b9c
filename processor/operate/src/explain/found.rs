//! The evidence about an account, before it is explained.

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
    /// The state has it: it is decided, or pending.
    TakenIn,
    /// The committed offset of the group is behind it.
    Passed,
    /// The committed offset of the group is not behind it.
    Waiting,
    /// The group has committed no offset of its partition, or is in a transaction just now.
    Unknown,
}

/// A record of the account events topic whose key is the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// The partition of the record.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
    /// The record's timestamp.
    pub at: Option<Timestamp>,
    /// `ce_type`; absent where the headers cannot be read.
    pub event_type: Option<String>,
    /// `ce_id`, where it is a UUID.
    pub id: Option<Uuid>,
    /// The project of `ce_source`.
    pub project_id: Option<String>,
    /// When ingest received the webhook, and by which source; absent for records that ingest did
    /// not write.
    pub received_at: Option<Timestamp>,
    /// See `received_at`.
    pub source: Option<String>,
    /// How many redrives have put it back.
    pub redrives: u32,
    /// How far the processor is with it.
    pub progress: TriggerProgress,
}

impl Trigger {
    /// Whether it is a webhook of StackOne, and not a record of a resync or a look.
    #[must_use]
    pub fn is_webhook(&self) -> bool {
        let event_type = self.event_type.as_deref();
        event_type.is_none_or(|event_type| !event_type.starts_with("pipeline."))
    }

    /// Whether a state with the position `taken` has taken it in.
    pub(super) fn is_in(&self, taken: &TakenIn) -> bool {
        let at = self.at.map_or(i64::MAX, Timestamp::as_millisecond);
        taken.partition == self.partition && self.offset <= taken.offset && at <= taken.timestamp_ms
    }
}

/// A complete list of a project's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteList {
    /// The project; absent for a project without an id, which serves everything.
    pub project_id: Option<String>,
    /// When the list began.
    pub began_at: Timestamp,
    /// Whether the list names the account.
    pub names_account: bool,
}

/// A dead letter of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The partition of the dead-letter topic.
    pub partition: i32,
    /// The offset in that partition.
    pub offset: i64,
    /// The reason, as the header has it.
    pub reason: DeadLetterReason,
    /// The reason in words.
    pub detail: String,
    /// `ce_type` of the record.
    pub event_type: String,
    /// Partition and offset of the record on the account events topic.
    pub origin: (i32, i64),
    /// How many lookups were made for it.
    pub attempts: u32,
    /// How many redrives had put it back before.
    pub redrives: u32,
    /// When it became a dead letter.
    pub last_seen: Timestamp,
    /// Whether its bytes had expired before that.
    pub value_expired: bool,
    /// Whether a later redrive has dealt with it.
    pub put_back: bool,
}

/// A record of the unrecognized topic whose body names the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stray {
    /// The partition of the record.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
    /// The record's timestamp.
    pub at: Option<Timestamp>,
    /// The event that the body names.
    pub event_type: Option<String>,
    /// The project that the body names.
    pub project_id: Option<String>,
    /// The source of ingest by which it came.
    pub source: Option<String>,
    /// Why it is on this topic; absent in records of an older ingest.
    pub reason: Option<String>,
}

/// How much of a topic was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The name of the topic.
    pub topic: String,
    /// How many records were read.
    pub records: u64,
    /// How many offsets are new enough for the question, and were not read.
    pub not_read: u64,
}

/// Evidence of one topic, and how much of the topic was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenOnTopic<T> {
    /// The evidence.
    pub found: T,
    /// How much was read.
    pub looked: Looked,
}

/// Evidence of the account events topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// The records of the account.
    pub triggers: Newest<Trigger>,
    /// The newest complete list of each project.
    pub lists: Vec<CompleteList>,
    /// The committed offset of the consumer group for the account's partition.
    pub committed: Option<i64>,
}

/// Evidence of the unrecognized topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// The records that name the account.
    pub strays: Newest<Stray>,
    /// How many records name no readable account: one of them may be about this account.
    pub nameless: u64,
}

/// All evidence, and why the rest was not looked at.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The account's state.
    pub state: Result<Option<AccountState>, NotSeen>,
    /// The account's triggers.
    pub events: Result<SeenOnTopic<Events>, NotSeen>,
    /// The account's dead letters.
    pub letters: Result<SeenOnTopic<Newest<Letter>>, NotSeen>,
    /// The unrecognized webhooks that name the account.
    pub strays: Result<SeenOnTopic<Strays>, NotSeen>,
}

impl Evidence {
    /// Makes evidence in which nothing could be looked at.
    #[must_use]
    pub fn unseen(why: &NotSeen) -> Self {
        Self {
            state: Err(why.clone()),
            events: Err(why.clone()),
            letters: Err(why.clone()),
            strays: Err(why.clone()),
        }
    }

    /// Returns the state, where there is one.
    #[must_use]
    pub fn state(&self) -> Option<&AccountState> {
        self.state.as_ref().ok()?.as_ref()
    }

    /// Returns the triggers, where they could be read.
    pub(super) fn triggers(&self) -> Option<&Newest<Trigger>> {
        let events = self.events.as_ref().ok()?;
        Some(&events.found.triggers)
    }

    /// Returns the dead letters, where they could be read.
    pub(super) fn letters(&self) -> Option<&Newest<Letter>> {
        let letters = self.letters.as_ref().ok()?;
        Some(&letters.found)
    }

    /// Returns the unrecognized webhooks, where they could be read.
    pub(super) fn strays(&self) -> Option<&Newest<Stray>> {
        let strays = self.strays.as_ref().ok()?;
        Some(&strays.found.strays)
    }
}

/// As JSON: each kind of evidence by name, `null` where it was not looked at.
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
