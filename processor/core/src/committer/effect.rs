//! What a committed transaction changes in memory.

use jiff::Timestamp;
use stackone_link_schemas::{AccountLifecycleEvent, LastOutcome, Pending, Recheck};
use stackone_link_wire::TraceContext;

use crate::processor::fact::Disposition;
use crate::time::Monotonic;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// What a commit changes in memory.
#[derive(Debug)]
pub enum Effect {
    /// Of an account.
    Account(Box<AccountEffect>),
    /// The state of an account was written again without personal data. It says nothing new, so it covers nothing that
    /// is open.
    Redacted {
        /// The account.
        key: AccountKey,
        /// What was written.
        value: Option<Vec<u8>>,
    },
    /// Of a record that belongs to no account's work.
    Passed {
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// What became of it.
        disposition: Disposition,
    },
}

/// What a commit changes of an account.
#[derive(Debug)]
pub struct AccountEffect {
    /// The account.
    pub key: AccountKey,
    /// The value written to the state topic, if one was: none is a tombstone.
    pub written: Option<Option<Vec<u8>>>,
    /// Offsets that are accounted for.
    pub close: Vec<i64>,
    /// What is written of the last lookup for what is undecided.
    pub outcome: Option<LastOutcome>,
    /// The span of what was written.
    pub span: SpanParent,
    /// What happens to its work.
    pub then: AfterCommit,
}

/// The span that what is written for an account belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SpanParent {
    /// Its ids, which the records have too.
    pub trace: TraceContext,
    /// When the lookup was sent that is decided; none where none is.
    pub sent: Option<Monotonic>,
}

/// What happens to the account's work.
#[derive(Debug)]
pub enum AfterCommit {
    /// Nothing: it was only written down.
    Keep,
    /// It is decided.
    Finish(Finish),
    /// It is looked up again.
    Recheck {
        /// Its project.
        lane: Lane,
        /// When.
        due_at: Timestamp,
        /// What is undecided.
        pending: Box<Pending>,
    },
    /// An operator says that it is gone: looked up at once, and unlinked if it still answers 404.
    Release {
        /// Its project.
        lane: Lane,
        /// When it was said.
        said_at: Timestamp,
    },
}

/// How an account's work was decided.
#[derive(Debug)]
pub struct Finish {
    /// Its project.
    pub lane: Lane,
    /// What became of its triggers.
    pub disposition: Disposition,
    /// Triggers that were decided.
    pub total: u64,
    /// It was unlinked, and only because it answered 404.
    pub is_vanished: bool,
    /// What is emitted.
    pub event: Option<Box<AccountLifecycleEvent>>,
    /// The scheduled recheck of the new state.
    pub recheck: Option<Recheck>,
}
