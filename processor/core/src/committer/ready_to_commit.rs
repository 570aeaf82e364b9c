//! What is ready to be committed.

use crate::time::Monotonic;
use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::DeadLetterReason;

use crate::event::intake::Consumed;
use crate::processor::input::Refetched;
use crate::reconcile::SkipReason;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// Something that is known and not committed yet. Kept until it is: after an abort it is decided anew.
#[derive(Debug)]
pub enum ReadyToCommit {
    /// The API answered.
    Answered {
        /// The account.
        key: AccountKey,
        /// Its project.
        lane: Lane,
        /// The answer.
        lookup: Lookup,
        /// When it was asked for.
        sent: Monotonic,
        /// When it came.
        at: Timestamp,
    },
    /// An account's triggers are put aside.
    GivenUp(Box<Refetched>),
    /// A record is put aside.
    Unusable {
        /// The record.
        record: Box<Consumed>,
        /// Why.
        reason: DeadLetterReason,
        /// In words.
        detail: String,
        /// When it was consumed.
        seen: Timestamp,
    },
    /// A record asks for nothing.
    Passed {
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// Why.
        reason: SkipReason,
    },
}

impl ReadyToCommit {
    /// Records that no work in the queue counts.
    #[must_use]
    pub const fn loose_records(&self) -> u64 {
        match self {
            Self::Answered { .. } | Self::GivenUp(_) => 0,
            Self::Unusable { .. } | Self::Passed { .. } => 1,
        }
    }

    /// Whether it writes to the dead-letter topic.
    #[must_use]
    pub const fn is_dead_letter(&self) -> bool {
        match self {
            Self::GivenUp(_) | Self::Unusable { .. } => true,
            Self::Answered { .. } | Self::Passed { .. } => false,
        }
    }

    /// What it keeps of records.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Answered { .. } | Self::Passed { .. } => 0,
            Self::GivenUp(given_up) => {
                let originals = given_up.originals.iter();
                originals.map(|(record, _)| record.bytes()).sum()
            }
            Self::Unusable { record, .. } => record.bytes(),
        }
    }

    /// The partition that it came from.
    #[must_use]
    pub const fn partition(&self) -> i32 {
        match self {
            Self::Answered { key, .. } => key.partition,
            Self::GivenUp(given_up) => given_up.key.partition,
            Self::Unusable { record, .. } => record.partition,
            Self::Passed { partition, .. } => *partition,
        }
    }
}
