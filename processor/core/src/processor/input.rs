//! What the processor is told.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::{AccountId, DeadLetterReason};

use crate::api_gate::batch::{Asked, Reading};
use crate::event::intake::Consumed;
use crate::resync::Found;
use crate::state::store::{StateStore, UnreadableState};
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// A generation of the consumer group, as a rebalance brought it. The shell knows what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(pub u64);

/// A cause that only logs look into.
pub type Cause = Box<dyn Error + Send + Sync>;

/// What the processor is told.
#[derive(Debug)]
pub enum Input {
    /// Partitions are ours once that is answered with [`super::Action::Assign`].
    Assigned {
        /// Which.
        partitions: Vec<i32>,
        /// The generation that assigns them; none where the client does not tell.
        generation: Option<Generation>,
    },
    /// Partitions are taken from us, and ours until that is answered with [`super::Action::Unassign`].
    Revoked {
        /// Which.
        partitions: Vec<i32>,
        /// The generation under which they are still ours; none where the client does not tell.
        generation: Option<Generation>,
    },
    /// Partitions were taken from us: another member may own them already.
    Lost(Vec<i32>),
    /// A record was polled.
    Consumed(Box<Consumed>),
    /// [`super::Action::Restore`] has ended.
    Restored {
        /// The partition.
        partition: i32,
        /// The assignment it was restored for.
        epoch: u64,
        /// What was restored.
        result: Box<Result<Restored, RestoreFailure>>,
        /// How long it took.
        took: Duration,
    },
    /// [`super::Action::LookUp`] was answered.
    LookedUp(LookedUp),
    /// [`super::Action::LookUpTogether`] was answered.
    LookedUpTogether(LookedUpTogether),
    /// [`super::Action::Probe`] was answered.
    Probed {
        /// The project.
        lane: Lane,
        /// Whether its key is accepted.
        result: Result<(), ApiError>,
    },
    /// [`super::Action::Refetch`] gave the records.
    Refetched(Box<Refetched>),
    /// [`super::Action::Refetch`] gave nothing now.
    NotRefetched {
        /// The account.
        key: AccountKey,
        /// The assignment of its partition.
        epoch: u64,
    },
    /// [`super::Action::Transact`] has ended.
    Transacted(Transacted),
    /// [`super::Action::AskCluster`] has ended.
    ClusterAnswered(ClusterAnswer),
    /// [`super::Action::ReadMarkers`] has ended.
    MarkersRead {
        /// The assignment of the partition that was read.
        epoch: u64,
        /// What was found.
        found: Found,
    },
    /// [`super::Action::Resync`] has ended, well or not.
    ResyncEnded {
        /// The project.
        lane: Lane,
        /// Since when its list is complete; none where it is not.
        completed: Option<Timestamp>,
    },
    /// Nothing but the time is new. Comes after other inputs have been given, and at [`super::Processor::next_wake`].
    Tick,
    /// The process is to end.
    Stop,
}

/// A partition that can be processed.
#[derive(Debug)]
pub struct Restored {
    /// Its accounts.
    pub states: StateStore,
    /// How many partitions the topic of states has, which is as many as that of events.
    pub partitions: i32,
    /// Where processing goes on.
    pub position: Position,
}

/// Where processing of a partition goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The next offset.
    pub next: i64,
    /// The committed offset is not among what the topic holds: records were deleted before they were read, or the topic
    /// was made again.
    pub was_out_of_range: bool,
}

/// Why a partition cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreFailure {
    /// The client cannot be used, or the cluster refused.
    #[error("state of partition {partition} could not be read")]
    Kafka {
        /// The partition.
        partition: i32,
        /// Why.
        source: Cause,
    },
    /// A record of the state topic is in a partition its key does not belong to.
    #[error(
        "the state of account {account} is in partition {partition} of {topic}, but belongs in another: partition \
         counts were changed. Follow \"Changing partition counts\" in deploy/runbook.md, which copies the states"
    )]
    WrongPartition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The account.
        account: AccountId,
    },
    /// A state cannot be read. Going on without it would use versions again.
    #[error(
        "partition {partition} of {topic}: {error}. It was written by a newer version, or is damaged: run the version \
         that wrote it, or write the state anew"
    )]
    UnreadableState {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Which state, and what is wrong with it.
        error: UnreadableState,
    },
}

impl RestoreFailure {
    /// Whether trying again cannot help.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        match self {
            Self::WrongPartition { .. } | Self::UnreadableState { .. } => true,
            Self::Kafka { .. } => false,
        }
    }
}

/// The answer to a lookup.
#[derive(Debug)]
pub struct LookedUp {
    /// The account.
    pub key: AccountKey,
    /// Its project.
    pub lane: Lane,
    /// The assignment of its partition under which it was sent.
    pub epoch: u64,
    /// When it was sent.
    pub sent: Monotonic,
    /// What came back.
    pub result: Result<Lookup, ApiError>,
}

/// The answer to a lookup of several accounts.
#[derive(Debug)]
pub struct LookedUpTogether {
    /// Their project.
    pub lane: Lane,
    /// When it was sent.
    pub sent: Monotonic,
    /// What it shows of each, or that it shows nothing.
    pub result: Result<Reading, (Vec<Asked>, ApiError)>,
}

/// Records of an account that are to be put aside.
#[derive(Debug)]
pub struct Refetched {
    /// The account.
    pub key: AccountKey,
    /// The assignment of its partition.
    pub epoch: u64,
    /// Why.
    pub reason: DeadLetterReason,
    /// In words.
    pub detail: String,
    /// The records, read again from the source topic, each with whether it has expired: then it has no value.
    pub originals: Vec<(Consumed, bool)>,
}

/// How a transaction ended.
#[derive(Debug)]
pub enum Transacted {
    /// All of it is visible.
    Committed,
    /// Nothing of it is visible; what is still owned can be tried again.
    Aborted {
        /// Why.
        error: Cause,
        /// Partitions of the state topic that took no record of it because they have no leader.
        leaderless: Vec<i32>,
    },
    /// The producer is of no more use, or whether the transaction was committed is not known.
    Fatal(Cause),
}

/// Whether the cluster can be reached.
#[derive(Debug)]
pub enum ClusterAnswer {
    /// It answered.
    Yes {
        /// How many partitions the account events topic has.
        partitions: usize,
        /// Of those that were asked for.
        watermarks: Vec<Watermarks>,
    },
    /// It did not.
    No,
    /// It did not for long, though it answers a new client.
    ByOthers,
}

/// Where the log of a partition begins and ends.
#[derive(Debug, Clone, Copy)]
pub struct Watermarks {
    /// The partition.
    pub partition: i32,
    /// The assignment under which it was asked for.
    pub epoch: u64,
    /// Its low and high watermark; none where it was not told.
    pub range: Option<(i64, i64)>,
}
