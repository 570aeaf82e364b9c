//! The facts that the processor reports, for metrics and logs.

use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::ApiError;
use stackone_link_schemas::{AccountLifecycleEvent, DeadLetterReason};
use stackone_link_wire::TraceContext;

use crate::api_gate::batch::BatchAnomaly;
use crate::offsets::open_records::Open;
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// Counts and logs what happens. It must not block.
pub trait Observer {
    /// Takes one fact.
    fn note(&mut self, fact: Fact<'_>);
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// An event was emitted for it.
    Emitted,
    /// It led to no event, for this reason.
    Skipped(&'static str),
    /// This many records went to the dead-letter topic. Further triggers that were decided with
    /// them count as merged.
    DeadLettered {
        /// The reason, as the header of the dead letter has it.
        reason: DeadLetterReason,
        /// How many dead letters were written.
        records: u64,
        /// The reason in words, without data of the records.
        detail: String,
    },
}

/// What the answer of a lookup led to, once that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupOutcome<'a> {
    /// An event of this type was emitted.
    Emitted(&'a str),
    /// No event was emitted, for this reason.
    Skipped(&'static str),
    /// The account is looked up again, because it is too early to decide.
    Recheck,
}

/// One fact.
#[derive(Debug)]
pub enum Fact<'a> {
    /// A record was consumed.
    Consumed,
    /// This many undecided records were found in restored states.
    Restored(u64),
    /// This many undecided records are left to the next owner of their partitions.
    HandedOver(u64),
    /// Records got their disposition, after the commit.
    Disposed {
        /// The disposition.
        disposition: &'a Disposition,
        /// How many records got it.
        total: u64,
    },
    /// An event was committed.
    Emitted {
        /// The lane of the account's project.
        lane: Lane,
        /// The committed event.
        event: &'a AccountLifecycleEvent,
    },
    /// The decision about a lookup's answer was committed.
    Decided {
        /// The account and its partition.
        key: &'a AccountKey,
        /// The lane of the account's project.
        lane: Lane,
        /// The span of the written records.
        trace: TraceContext,
        /// When the lookup was sent.
        sent: Monotonic,
        /// What the answer led to.
        outcome: LookupOutcome<'a>,
    },
    /// A record becomes a dead letter.
    PutAside {
        /// The partition of the record.
        partition: i32,
        /// The offset of the record.
        offset: i64,
        /// The reason, as the header of the dead letter has it.
        reason: &'a DeadLetterReason,
        /// The reason in words, without data of the record.
        detail: &'a str,
    },
    /// The undecided triggers of an account became dead letters, after the commit.
    AccountPutAside {
        /// The account and its partition.
        key: &'a AccountKey,
        /// The reason, as the header of the dead letters has it.
        reason: &'a DeadLetterReason,
        /// How many dead letters were written.
        records: u64,
        /// The reason in words, without data of the records.
        detail: &'a str,
    },
    /// A lookup failed.
    LookupFailed {
        /// The account and its partition.
        key: &'a AccountKey,
        /// Why the lookup failed.
        error: &'a ApiError,
    },
    /// A batch lookup failed.
    BatchFailed {
        /// The lane of the project.
        lane: Lane,
        /// How many accounts it asked for.
        accounts: usize,
        /// Why the lookup failed.
        error: &'a ApiError,
    },
    /// An anomaly limits a project's batches for a while.
    BatchLimited {
        /// The lane of the project.
        lane: Lane,
        /// The most accounts in one request from now on.
        most: usize,
        /// The anomaly.
        anomaly: BatchAnomaly,
    },
    /// A project's API answered 429.
    RateLimited {
        /// The lane of the project.
        lane: Lane,
        /// The wait that the API asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// A project's key was refused.
    KeyRefused {
        /// The lane of the project.
        lane: Lane,
        /// The HTTP status of the refusal.
        status: u16,
    },
    /// A probe has ended.
    Probed {
        /// The lane of the project.
        lane: Lane,
        /// Whether the project's key is still refused.
        is_refused: bool,
        /// Whether the keys of all projects are refused.
        all_refused: bool,
    },
    /// The breaker of a project opened.
    BreakerOpened {
        /// The lane of the project.
        lane: Lane,
        /// How many of the newest lookups failed.
        failed: usize,
        /// How many of the newest lookups were considered.
        of: usize,
        /// The error of the last failure.
        error: &'a ApiError,
    },
    /// The breaker of a project closed.
    BreakerClosed {
        /// The lane of the project.
        lane: Lane,
        /// How long it was open.
        after: Duration,
        /// How many accounts are ready to be looked up.
        ready: usize,
    },
    /// These partitions were assigned.
    Assigned(&'a [i32]),
    /// These partitions are about to be handed over.
    HandingOver(&'a [i32]),
    /// The process is stopping.
    Stopping {
        /// How many accounts are in the queue.
        accounts: usize,
    },
    /// These partitions were given up.
    GivenUp(&'a [i32]),
    /// Whether this process is ready: a member of the group that has restored every assigned
    /// partition.
    Ready(bool),
    /// A partition was restored.
    PartitionRestored {
        /// The number of the partition.
        partition: i32,
        /// How many accounts have a state.
        accounts: usize,
        /// The next offset to consume.
        next: i64,
        /// How long the restore took.
        took: Duration,
    },
    /// The pending work of an account names a project that is not configured.
    UnknownProject(&'a AccountKey),
    /// Records were deleted before they were read, or the topic was made again.
    OutOfRange {
        /// The partition of the records.
        partition: i32,
        /// The offset that was expected.
        expected: i64,
        /// The offset of the next record that exists.
        next: i64,
        /// Whether the projects are listed for it.
        is_listed: bool,
    },
    /// The lag of a partition was measured.
    Lag {
        /// The number of the partition.
        partition: i32,
        /// The records between the next offset and the end of the partition.
        records: i64,
    },
    /// Consumption paused or resumed, because of the limit of open records.
    IntakePaused {
        /// Whether it is paused now.
        is_paused: bool,
        /// The open records.
        open: Open,
        /// How many dead letters are held.
        dead_letters_held: usize,
    },
    /// A transaction ended.
    Transacted {
        /// The outcome, as the metric's label.
        outcome: &'static str,
        /// How long the transaction took.
        took: Duration,
    },
    /// A transaction was aborted. What belongs to assigned partitions is tried again.
    Aborted(&'a super::input::Cause),
    /// Dead letters cannot be written.
    DeadLettersRefused {
        /// How many dead letters are held.
        held: usize,
        /// Why the transaction was aborted.
        error: &'a super::input::Cause,
    },
    /// A resync found a difference, and the account is looked up.
    ResyncDifference {
        /// The lane of the project.
        lane: Lane,
        /// The kind of difference, as the metric's label.
        kind: &'static str,
    },
    /// The end marker of a complete list was consumed.
    ResyncComplete {
        /// The lane of the project.
        lane: Lane,
        /// The date of the marker.
        at: Timestamp,
    },
    /// A list lacks more accounts than can be believed to be gone.
    ResyncDoubtful {
        /// The lane of the project.
        lane: Lane,
        /// The number of the partition.
        partition: i32,
        /// How many confirmed accounts the list lacks.
        missing: usize,
        /// How many missing accounts can be believed.
        allowed: usize,
        /// How many of the missing accounts are looked up now.
        looked_up: usize,
    },
    /// The unlink guard of a project begins or ends to hold unlinks.
    UnlinksHeld {
        /// The lane of the project.
        lane: Lane,
        /// Whether unlinks are held now.
        holds: bool,
        /// How many accounts vanished within the last hour or are doubted.
        vanished: usize,
        /// How many vanished accounts can be believed.
        allowed: usize,
    },
}
