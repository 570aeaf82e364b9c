//! What the processor has done by the code around it.

use std::time::Duration;

use stackone_link_schemas::{Cause, DeadLetterReason};

use super::input::{Generation, RestoreFailure};
use crate::api_gate::batch::Asked;
use crate::event::records::Batch;
use crate::resync::runs::Why;
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// What is to be done. Taken in order; what concerns the consumer is carried out before the next poll. Each that names an
/// input is answered by it, once.
#[derive(Debug)]
pub enum Action {
    /// Take partitions over, paused.
    Assign(Vec<i32>),
    /// Give partitions up, and what was begun for them.
    Unassign(Vec<i32>),
    /// Read no more of these partitions.
    Pause(Vec<i32>),
    /// Read these partitions.
    Resume(Vec<i32>),
    /// Restore a partition that was assigned: [`super::Input::Restored`], unless it is given up before.
    Restore {
        /// The partition.
        partition: i32,
        /// Its assignment.
        epoch: u64,
    },
    /// Ask for an account: [`super::Input::LookedUp`].
    LookUp {
        /// The account.
        key: AccountKey,
        /// Its project.
        lane: Lane,
        /// The assignment of its partition.
        epoch: u64,
        /// When it is sent.
        sent: Monotonic,
    },
    /// Ask for several accounts in one request: [`super::Input::LookedUpTogether`].
    LookUpTogether {
        /// The accounts.
        asked: Vec<Asked>,
        /// Their project.
        lane: Lane,
        /// When it is sent.
        sent: Monotonic,
    },
    /// Ask whether a project's key is accepted, after a while or as soon as it is another key: [`super::Input::Probed`].
    Probe {
        /// The project.
        lane: Lane,
        /// How long to wait before.
        wait: Duration,
    },
    /// Read the records of an account again: [`super::Input::Refetched`] or [`super::Input::NotRefetched`].
    Refetch {
        /// The account.
        key: AccountKey,
        /// The assignment of its partition.
        epoch: u64,
        /// The records.
        causes: Vec<Cause>,
        /// Why they are put aside.
        reason: DeadLetterReason,
        /// In words.
        detail: String,
    },
    /// Commit a batch under a generation: [`super::Input::Transacted`]. Nothing is polled until then.
    Transact {
        /// The generation.
        generation: Generation,
        /// What is committed.
        batch: Batch,
    },
    /// Ask the cluster how many partitions there are, and where the logs of ours begin and end:
    /// [`super::Input::ClusterAnswered`].
    AskCluster {
        /// Of these, each with its assignment.
        partitions: Vec<(i32, u64)>,
        /// Whether nobody has answered for so long that a new client is worth a try.
        may_be_lost: bool,
    },
    /// Read back when each project was last listed: [`super::Input::MarkersRead`].
    ReadMarkers {
        /// The assignment of the partition that has them, [`crate::resync::MARKERS_PARTITION`].
        epoch: u64,
        /// What is below this offset was taken in.
        committed: i64,
    },
    /// List a project's accounts, and publish a trigger for each: [`super::Input::ResyncEnded`].
    Resync {
        /// The project.
        lane: Lane,
        /// Pages a minute.
        requests_per_minute: u32,
        /// Why.
        why: Why,
    },
    /// This run ends. Nothing follows.
    End(End),
}

/// Why a run ends.
#[derive(Debug)]
pub enum End {
    /// It was told to.
    Stopped,
    /// It cannot go on. What was not committed is read again by the next run.
    Failed(Failure),
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A transaction failed in a way that needs a new producer and a fresh look at the state.
    #[error("transactional producer failed for good")]
    Transaction(#[source] super::input::Cause),
    /// Nothing that writes to these partitions can be committed until one of their replicas is back. What touches others
    /// can, in a run that has not restored them.
    #[error("partitions {partitions:?} of {topic} have no leader")]
    Leaderless {
        /// The topic.
        topic: String,
        /// Its partitions.
        partitions: Vec<i32>,
    },
    /// A state cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreFailure),
    /// The consumer or the producer reaches no broker, although a new client does.
    #[error("the consumer or the producer reaches no broker, and a new client does")]
    OutOfContact,
    /// What was decided cannot be written as JSON.
    #[error("record cannot be encoded")]
    Encode(#[from] serde_json::Error),
}
