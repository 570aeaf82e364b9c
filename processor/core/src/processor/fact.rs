//! What there is to count and to tell of what the processor does.

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

/// Whoever counts and logs. It must not block.
pub trait Observer {
    /// Something happened.
    fn note(&mut self, fact: Fact<'_>);
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// An event was emitted for it.
    Emitted,
    /// There is nothing to tell, for this reason.
    Skipped(&'static str),
    /// This many went to the dead-letter topic; further triggers decided with them count as merged.
    DeadLettered {
        /// Why.
        reason: DeadLetterReason,
        /// How many.
        records: u64,
        /// In words, without the records' data.
        detail: String,
    },
}

/// What a lookup's answer came to, once that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupOutcome<'a> {
    /// An event of this type.
    Emitted(&'a str),
    /// Nothing, for this reason.
    Skipped(&'static str),
    /// It is too early to tell.
    Recheck,
}

/// Something to count or to tell.
#[derive(Debug)]
pub enum Fact<'a> {
    /// A record was taken in.
    Consumed,
    /// Records whose work was found in restored states.
    Restored(u64),
    /// Undecided records that whoever comes next takes in again.
    HandedOver(u64),
    /// What became of records, after the commit.
    Disposed {
        /// What became of them.
        disposition: &'a Disposition,
        /// How many there were.
        total: u64,
    },
    /// An event was committed.
    Emitted {
        /// Its project.
        lane: Lane,
        /// The event.
        event: &'a AccountLifecycleEvent,
    },
    /// What a lookup's answer came to was committed.
    Decided {
        /// The account.
        key: &'a AccountKey,
        /// Its project.
        lane: Lane,
        /// The span it belongs to.
        trace: TraceContext,
        /// When the lookup was sent.
        sent: Monotonic,
        /// What came of it.
        outcome: LookupOutcome<'a>,
    },
    /// A record is put aside.
    PutAside {
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// Why.
        reason: &'a DeadLetterReason,
        /// In words.
        detail: &'a str,
    },
    /// What was undecided of an account is put aside, after the commit.
    AccountPutAside {
        /// The account.
        key: &'a AccountKey,
        /// Why.
        reason: &'a DeadLetterReason,
        /// Dead letters.
        records: u64,
        /// In words.
        detail: &'a str,
    },
    /// A lookup gave no answer.
    LookupFailed {
        /// The account.
        key: &'a AccountKey,
        /// Why.
        error: &'a ApiError,
    },
    /// A lookup of so many accounts gave no answer.
    BatchFailed {
        /// The project.
        lane: Lane,
        /// How many.
        accounts: usize,
        /// Why.
        error: &'a ApiError,
    },
    /// A project's lists are trusted with fewer accounts for a while.
    BatchLimited {
        /// The project.
        lane: Lane,
        /// Accounts at once.
        most: usize,
        /// Why.
        anomaly: BatchAnomaly,
    },
    /// A project's API asks to be left alone.
    RateLimited {
        /// The project.
        lane: Lane,
        /// For so long.
        retry_after: Option<Duration>,
    },
    /// A project's key is refused.
    KeyRefused {
        /// The project.
        lane: Lane,
        /// The HTTP status.
        status: u16,
    },
    /// Whether a project's key is refused after a probe, and whether all are.
    Probed {
        /// The project.
        lane: Lane,
        /// Whether its key is refused.
        is_refused: bool,
        /// Whether every project's is.
        all_refused: bool,
    },
    /// A project's API is unavailable.
    BreakerOpened {
        /// The project.
        lane: Lane,
        /// Failures.
        failed: usize,
        /// Of so many answers.
        of: usize,
        /// The last of them.
        error: &'a ApiError,
    },
    /// A project's API answers again.
    BreakerClosed {
        /// The project.
        lane: Lane,
        /// For so long it did not.
        after: Duration,
        /// Accounts that are ready to be looked up.
        ready: usize,
    },
    /// Partitions were assigned.
    Assigned(&'a [i32]),
    /// Partitions are about to be handed over.
    HandingOver(&'a [i32]),
    /// The process is to end, and so many accounts are in the queue.
    Stopping {
        /// How many.
        accounts: usize,
    },
    /// Partitions are not ours any more.
    GivenUp(&'a [i32]),
    /// Whether every partition that is ours is restored, or none is ours and we are a member of the group.
    Ready(bool),
    /// A partition was restored.
    PartitionRestored {
        /// The partition.
        partition: i32,
        /// Its accounts.
        accounts: usize,
        /// The next offset.
        next: i64,
        /// How long it took.
        took: Duration,
    },
    /// A pending account names a project that is not configured.
    UnknownProject(&'a AccountKey),
    /// The topic no longer holds the next record.
    OutOfRange {
        /// The partition.
        partition: i32,
        /// The offset that was expected.
        expected: i64,
        /// The one that is there.
        next: i64,
        /// Whether a resync begins.
        is_listed: bool,
    },
    /// How far behind the end of a partition we are.
    Lag {
        /// The partition.
        partition: i32,
        /// In records.
        records: i64,
    },
    /// No records are read, or they are again.
    IntakePaused {
        /// Whether.
        is_paused: bool,
        /// What is open.
        open: Open,
        /// Dead letters that are held.
        dead_letters_held: usize,
    },
    /// A transaction ended.
    Transacted {
        /// How.
        outcome: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// A transaction was aborted; what is still owned is tried again.
    Aborted(&'a super::input::Cause),
    /// Dead letters cannot be written.
    DeadLettersRefused {
        /// How many are held.
        held: usize,
        /// Why.
        error: &'a super::input::Cause,
    },
    /// A resync had an account looked up, for this reason.
    ResyncDifference {
        /// The project.
        lane: Lane,
        /// Why.
        kind: &'static str,
    },
    /// A complete list was taken in, at this time.
    ResyncComplete {
        /// The project.
        lane: Lane,
        /// When.
        at: Timestamp,
    },
    /// A resync did not list more accounts than can be believed to be gone.
    ResyncDoubtful {
        /// The project.
        lane: Lane,
        /// The partition.
        partition: i32,
        /// Accounts it did not list.
        missing: usize,
        /// As many are believed.
        allowed: usize,
        /// As many are looked up now.
        looked_up: usize,
    },
    /// Holding a project's unlinks begins or ends.
    UnlinksHeld {
        /// The project.
        lane: Lane,
        /// Whether they are held.
        holds: bool,
        /// Accounts that vanished.
        vanished: usize,
        /// As many are believed.
        allowed: usize,
    },
}
