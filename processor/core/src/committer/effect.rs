//! The changes of memory that follow a committed transaction.

use jiff::Timestamp;
use stackone_link_schemas::{AccountLifecycleEvent, LastOutcome, Pending, Recheck};
use stackone_link_wire::TraceContext;

use crate::processor::fact::Disposition;
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// One change of memory.
#[derive(Debug)]
pub enum Effect {
    /// The work or the state of an account changes.
    Account(Box<AccountEffect>),
    /// The state of an account was written again without personal data. It decides nothing, so it
    /// closes no offsets.
    Redacted {
        /// The account and its partition.
        key: AccountKey,
        /// The value that was written.
        value: Option<Vec<u8>>,
    },
    /// A record that belongs to no account's work is done.
    Passed {
        /// The partition of the record.
        partition: i32,
        /// The offset of the record.
        offset: i64,
        /// What became of the record.
        disposition: Disposition,
    },
}

/// The changes of memory for one account.
#[derive(Debug)]
pub struct AccountEffect {
    /// The account and its partition.
    pub key: AccountKey,
    /// The value written to the state topic. `None`: nothing was written. `Some(None)`: a tombstone
    /// was.
    pub written: Option<Option<Vec<u8>>>,
    /// Offsets that the commit closes.
    pub close: Vec<i64>,
    /// The outcome of the last lookup, as the marker has it.
    pub outcome: Option<LastOutcome>,
    /// The span that the written records name.
    pub span: SpanParent,
    /// What happens to the account's work.
    pub then: AfterCommit,
}

/// The span of the records that are written for an account.
#[derive(Debug, Clone, Copy)]
pub struct SpanParent {
    /// The ids of trace and span, which the records have too.
    pub trace: TraceContext,
    /// When the lookup behind the decision was sent; `None` where no lookup was decided.
    pub sent: Option<Monotonic>,
}

/// What happens to an account's work after the commit.
#[derive(Debug)]
pub enum AfterCommit {
    /// The work stays: only a marker was written.
    Keep,
    /// The work is decided.
    Finish(Finish),
    /// The account is looked up again.
    Recheck {
        /// The lane of the account's project.
        lane: Lane,
        /// When the account is looked up again.
        due_at: Timestamp,
        /// The undecided work as it was written.
        pending: Box<Pending>,
    },
    /// An operator released the account: it is looked up at once, and unlinked if it still answers
    /// 404.
    Release {
        /// The lane of the account's project.
        lane: Lane,
        /// The date of the operator's record.
        said_at: Timestamp,
    },
}

/// How the work of an account was decided.
#[derive(Debug)]
pub struct Finish {
    /// The lane of the account's project.
    pub lane: Lane,
    /// The disposition of its triggers.
    pub disposition: Disposition,
    /// How many triggers were decided.
    pub total: u64,
    /// Whether the account was unlinked for its 404s alone.
    pub is_vanished: bool,
    /// The event that is emitted, if one is.
    pub event: Option<Box<AccountLifecycleEvent>>,
    /// The next scheduled recheck, if the new state has one.
    pub recheck: Option<Recheck>,
}
