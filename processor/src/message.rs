//! What the reconciler thread is told.

use stackone_processor_core::time::Monotonic;
use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};

use crate::restore::{RestoreError, Restored};
use stackone_processor_core::api_gate::batch::{Asked, Reading};
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::resync::Found;
use stackone_processor_core::work::AccountKey;
use stackone_processor_core::work::queue::Lane;

/// What the reconciler thread is told.
#[derive(Debug)]
pub enum Message {
    /// There is something to poll.
    Readable,
    /// A transaction that was committed beside lookups came to its end.
    CommitEnded,
    /// A lookup came back.
    Answer(Answer),
    /// A lookup of several accounts came back.
    Batch(BatchAnswer),
    /// A probe came back.
    Probed {
        /// The project.
        lane: Lane,
        /// Whether its key is accepted.
        result: Result<(), ApiError>,
    },
    /// A partition is restored, or cannot be.
    Restored {
        /// The partition.
        partition: i32,
        /// The assignment it was restored for.
        epoch: u64,
        /// What was restored.
        result: Box<Result<Restored, RestoreError>>,
        /// How long it took.
        took: Duration,
    },
    /// The cluster was asked for our partitions.
    Reached(Reached),
    /// What was read back of earlier lists.
    MarkersRead {
        /// The assignment of the partition that was read.
        epoch: u64,
        /// What was found.
        found: Found,
    },
    /// A resync of ours has ended.
    ResyncEnded {
        /// The project.
        lane: Lane,
        /// Since when its list is complete; none where it is not.
        completed: Option<Timestamp>,
    },
    /// The records of an account that is given up were read again.
    GivenUp(Box<GivenUp>),
    /// They could not be read again now.
    NotReread {
        /// The account.
        key: AccountKey,
        /// The assignment of its partition.
        epoch: u64,
    },
    /// A task panicked, which was to do this.
    Died(&'static str),
}

/// The answer to a lookup.
#[derive(Debug)]
pub struct Answer {
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
pub struct BatchAnswer {
    /// Their project.
    pub lane: Lane,
    /// When it was sent.
    pub sent: Monotonic,
    /// What it told of each, or that it told nothing.
    pub result: Result<Reading, (Vec<Asked>, ApiError)>,
}

/// Records of an account that are to be put aside.
#[derive(Debug)]
pub struct GivenUp {
    /// The account.
    pub key: AccountKey,
    /// The assignment of its partition.
    pub epoch: u64,
    /// Why.
    pub reason: stackone_link_schemas::DeadLetterReason,
    /// In words.
    pub detail: String,
    /// The records, read again from the source topic; without a value where they have expired.
    pub originals: Vec<(Consumed, bool)>,
}

/// Whether the cluster can be reached.
#[derive(Debug)]
pub enum Reached {
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
