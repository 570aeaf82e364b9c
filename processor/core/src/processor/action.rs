//! The actions that the processor hands to the code around it.

use std::time::Duration;

use stackone_link_schemas::{Cause, DeadLetterReason};

use super::input::{Generation, RestoreFailure};
use crate::api_gate::batch::Asked;
use crate::event::records::Batch;
use crate::resync::runs::Why;
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// An action. Actions are carried out in order; those of the consumer before the next poll. Each
/// that names an input is answered by that input, once.
#[derive(Debug)]
pub enum Action {
    /// Take partitions over, paused.
    Assign(Vec<i32>),
    /// Give partitions up, and end the work that was begun for them.
    Unassign(Vec<i32>),
    /// Pause these partitions.
    Pause(Vec<i32>),
    /// Resume these partitions.
    Resume(Vec<i32>),
    /// Restore an assigned partition. Answered by [`super::Input::Restored`], unless the partition
    /// is given up before.
    Restore {
        /// The number of the partition.
        partition: i32,
        /// The epoch of its assignment.
        epoch: u64,
    },
    /// Look up an account. Answered by [`super::Input::LookedUp`].
    LookUp {
        /// The account and its partition.
        key: AccountKey,
        /// The lane of the project whose key is used.
        lane: Lane,
        /// The epoch of the partition's assignment.
        epoch: u64,
        /// The time of sending.
        sent: Monotonic,
    },
    /// Look up several accounts in one request. Answered by [`super::Input::LookedUpTogether`].
    LookUpTogether {
        /// The accounts, each with the epoch of its partition.
        asked: Vec<Asked>,
        /// The lane of their project.
        lane: Lane,
        /// The time of sending.
        sent: Monotonic,
    },
    /// Ask whether a project's key is accepted, after a wait or as soon as the key is replaced.
    /// Answered by [`super::Input::Probed`].
    Probe {
        /// The lane of the project.
        lane: Lane,
        /// How long to wait first.
        wait: Duration,
    },
    /// Read the records of an account again. Answered by [`super::Input::Refetched`] or
    /// [`super::Input::NotRefetched`].
    Refetch {
        /// The account and its partition.
        key: AccountKey,
        /// The epoch of the partition's assignment.
        epoch: u64,
        /// Partition, offset and timestamp of each record.
        causes: Vec<Cause>,
        /// Why the records become dead letters.
        reason: DeadLetterReason,
        /// The reason in words, without data of the records.
        detail: String,
    },
    /// Commit a batch under a generation. Answered by [`super::Input::Transacted`]; nothing is
    /// polled until then.
    Transact {
        /// The generation that the broker checks.
        generation: Generation,
        /// The records and offsets to commit.
        batch: Batch,
    },
    /// Ask the cluster for the number of partitions, and for the watermarks of some. Answered by
    /// [`super::Input::ClusterAnswered`].
    AskCluster {
        /// The partitions whose watermarks are needed, each with its epoch.
        partitions: Vec<(i32, u64)>,
        /// Whether there was no answer for so long that a new client should be tried.
        may_be_lost: bool,
    },
    /// Read back from the topic when each project was last listed. Answered by
    /// [`super::Input::MarkersRead`].
    ReadMarkers {
        /// The epoch of the partition that is read, [`crate::resync::MARKERS_PARTITION`].
        epoch: u64,
        /// Markers below this committed offset were taken in.
        committed: i64,
    },
    /// List a project's accounts, and publish a trigger for each. Answered by
    /// [`super::Input::ResyncEnded`].
    Resync {
        /// The lane of the project.
        lane: Lane,
        /// How many pages to read in a minute.
        requests_per_minute: u32,
        /// Why the project is listed.
        why: Why,
    },
    /// End this run. No action follows.
    End(End),
}

/// How a run ends.
#[derive(Debug)]
pub enum End {
    /// It was stopped.
    Stopped,
    /// It failed. The next run consumes again what was not committed.
    Failed(Failure),
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A transaction failed in a way that needs a new producer and a new restore.
    #[error("transactional producer failed for good")]
    Transaction(#[source] super::input::Cause),
    /// Partitions of the state topic have no leader. Nothing that writes to them can be committed
    /// until a replica is back; a run that has not restored them can commit the rest.
    #[error("partitions {partitions:?} of {topic} have no leader")]
    Leaderless {
        /// The name of the topic.
        topic: String,
        /// The partitions without a leader.
        partitions: Vec<i32>,
    },
    /// The states of a partition cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreFailure),
    /// The consumer or the producer reaches no broker, although a new client does.
    #[error("the consumer or the producer reaches no broker, and a new client does")]
    OutOfContact,
    /// A decision cannot be written as JSON.
    #[error("record cannot be encoded")]
    Encode(#[from] serde_json::Error),
}
