//! The inputs of the processor.

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

/// A generation of the consumer group, as a rebalance reported it. Only the shell knows which
/// metadata the number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(pub u64);

/// The cause of an error, for logs only.
pub type Cause = Box<dyn Error + Send + Sync>;

/// The inputs of the processor.
#[derive(Debug)]
pub enum Input {
    /// The group assigns partitions. They belong to this process once [`super::Action::Assign`] is
    /// carried out.
    Assigned {
        /// The numbers of the partitions.
        partitions: Vec<i32>,
        /// The generation of the assignment; `None` where the client reports none.
        generation: Option<Generation>,
    },
    /// The group takes partitions away. They belong to this process until
    /// [`super::Action::Unassign`] is carried out.
    Revoked {
        /// The numbers of the partitions.
        partitions: Vec<i32>,
        /// The generation up to which they belong to this process; `None` where the client reports
        /// none.
        generation: Option<Generation>,
    },
    /// The group took partitions away: another member may own them already.
    Lost(Vec<i32>),
    /// A record was polled.
    Consumed(Box<Consumed>),
    /// [`super::Action::Restore`] has ended.
    Restored {
        /// The number of the partition.
        partition: i32,
        /// The epoch that the restore was for.
        epoch: u64,
        /// The restored states, or why there are none.
        result: Box<Result<Restored, RestoreFailure>>,
        /// How long the restore took.
        took: Duration,
    },
    /// [`super::Action::LookUp`] has ended.
    LookedUp(LookedUp),
    /// [`super::Action::LookUpTogether`] has ended.
    LookedUpTogether(LookedUpTogether),
    /// [`super::Action::Probe`] has ended.
    Probed {
        /// The lane of the project.
        lane: Lane,
        /// Whether the key is accepted, or why that is not known.
        result: Result<(), ApiError>,
    },
    /// [`super::Action::Refetch`] has ended with the records.
    Refetched(Box<Refetched>),
    /// [`super::Action::Refetch`] has ended without them.
    NotRefetched {
        /// The account and its partition.
        key: AccountKey,
        /// The epoch of the partition's assignment.
        epoch: u64,
    },
    /// [`super::Action::Transact`] has ended.
    Transacted(Transacted),
    /// [`super::Action::AskCluster`] has ended.
    ClusterAnswered(ClusterAnswer),
    /// [`super::Action::ReadMarkers`] has ended.
    MarkersRead {
        /// The epoch of the partition that was read.
        epoch: u64,
        /// The dates of the markers.
        found: Found,
    },
    /// [`super::Action::Resync`] has ended, with or without success.
    ResyncEnded {
        /// The lane of the project.
        lane: Lane,
        /// When the list began, if it is complete.
        completed: Option<Timestamp>,
    },
    /// Only the time is new. Comes after a run of other inputs, and at
    /// [`super::Processor::next_wake`].
    Tick,
    /// The process has to stop.
    Stop,
}

/// The restored content of a partition.
#[derive(Debug)]
pub struct Restored {
    /// The states of its accounts.
    pub states: StateStore,
    /// The number of partitions of the state topic, which is that of the events topic.
    pub partitions: i32,
    /// Where consumption continues.
    pub position: Position,
}

/// Where consumption of a partition continues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The next offset.
    pub next: i64,
    /// Whether the topic does not hold the committed offset: records were deleted before they were
    /// read, or the topic was made again.
    pub was_out_of_range: bool,
}

/// Why a partition cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreFailure {
    /// The client cannot be used, or the cluster refused.
    #[error("state of partition {partition} could not be read")]
    Kafka {
        /// The number of the partition.
        partition: i32,
        /// The error of the client.
        source: Cause,
    },
    /// A record of the state topic is in a partition to which its key does not belong.
    #[error(
        "the state of account {account} is in partition {partition} of {topic}, but belongs in another: partition \
         counts were changed. Follow \"Changing partition counts\" in deploy/runbook.md, which copies the states"
    )]
    WrongPartition {
        /// The name of the topic.
        topic: String,
        /// The number of the partition.
        partition: i32,
        /// The account that the key names.
        account: AccountId,
    },
    /// A state cannot be read. Without it, versions would be used twice.
    #[error(
        "partition {partition} of {topic}: {error}. It was written by a newer version, or is damaged: run the version \
         that wrote it, or write the state anew"
    )]
    UnreadableState {
        /// The name of the topic.
        topic: String,
        /// The number of the partition.
        partition: i32,
        /// The account, and what is wrong with its state.
        error: UnreadableState,
    },
}

impl RestoreFailure {
    /// Whether another attempt cannot succeed.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        match self {
            Self::WrongPartition { .. } | Self::UnreadableState { .. } => true,
            Self::Kafka { .. } => false,
        }
    }
}

/// The result of a lookup.
#[derive(Debug)]
pub struct LookedUp {
    /// The account and its partition.
    pub key: AccountKey,
    /// The lane of its project.
    pub lane: Lane,
    /// The epoch of the partition when the lookup was sent.
    pub epoch: u64,
    /// When the lookup was sent.
    pub sent: Monotonic,
    /// The answer, or why there is none.
    pub result: Result<Lookup, ApiError>,
}

/// The result of a batch lookup.
#[derive(Debug)]
pub struct LookedUpTogether {
    /// The lane of the project.
    pub lane: Lane,
    /// When the request was sent.
    pub sent: Monotonic,
    /// The list, sorted into shown and missing accounts; or why there is none, with the accounts
    /// that were asked for.
    pub result: Result<Reading, (Vec<Asked>, ApiError)>,
}

/// The records of an account that become dead letters.
#[derive(Debug)]
pub struct Refetched {
    /// The account and its partition.
    pub key: AccountKey,
    /// The epoch of the partition's assignment.
    pub epoch: u64,
    /// The reason, as the header of the dead letters has it.
    pub reason: DeadLetterReason,
    /// The reason in words, without data of the records.
    pub detail: String,
    /// The records as read again from the events topic. `true` marks one that has expired: it has
    /// no value.
    pub originals: Vec<(Consumed, bool)>,
}

/// How a transaction ended.
#[derive(Debug)]
pub enum Transacted {
    /// All of it is visible.
    Committed,
    /// None of it is visible, and it can be tried again.
    Aborted {
        /// Why it was aborted.
        error: Cause,
        /// The partitions of the state topic that took no record because they have no leader.
        leaderless: Vec<i32>,
    },
    /// The producer cannot be used any more, or it is not known whether the transaction was
    /// committed.
    Fatal(Cause),
}

/// Whether the cluster can be reached.
#[derive(Debug)]
pub enum ClusterAnswer {
    /// The clients of this run reach it.
    Yes {
        /// The number of partitions of the account events topic.
        partitions: usize,
        /// The watermarks that were asked for.
        watermarks: Vec<Watermarks>,
    },
    /// The clients of this run do not reach it.
    No,
    /// The clients of this run have not reached it for long, although a new client does.
    ByOthers,
}

/// The watermarks of a partition.
#[derive(Debug, Clone, Copy)]
pub struct Watermarks {
    /// The number of the partition.
    pub partition: i32,
    /// The epoch under which the watermarks were requested.
    pub epoch: u64,
    /// The low and the high watermark; `None` where the broker gave none.
    pub range: Option<(i64, i64)>,
}
