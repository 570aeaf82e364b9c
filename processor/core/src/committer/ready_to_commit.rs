//! The items that wait for a transaction.

use crate::time::Monotonic;
use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::DeadLetterReason;

use crate::event::intake::Consumed;
use crate::processor::input::Refetched;
use crate::reconcile::SkipReason;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// Something that is known and not committed. It is kept until the commit: after an abort it is
/// decided again.
#[derive(Debug)]
pub enum ReadyToCommit {
    /// The API answered a lookup.
    Answered {
        /// The account and its partition.
        key: AccountKey,
        /// The lane of the account's project.
        lane: Lane,
        /// The answer of the API.
        lookup: Lookup,
        /// When the lookup was sent.
        sent: Monotonic,
        /// When the answer came.
        at: Timestamp,
    },
    /// The triggers of an account become dead letters.
    GivenUp(Box<Refetched>),
    /// A record cannot be used and becomes a dead letter.
    Unusable {
        /// The record with its bytes.
        record: Box<Consumed>,
        /// The reason, as the dead letter's header has it.
        reason: DeadLetterReason,
        /// The reason in words, without data of the record.
        detail: String,
        /// When the record was consumed.
        seen: Timestamp,
    },
    /// A record needs no lookup.
    Passed {
        /// The partition of the record.
        partition: i32,
        /// The offset of the record.
        offset: i64,
        /// Why the record needs no lookup.
        reason: SkipReason,
    },
}

impl ReadyToCommit {
    /// Returns how many records of it belong to no work in the queue.
    #[must_use]
    pub const fn loose_records(&self) -> u64 {
        match self {
            Self::Answered { .. } | Self::GivenUp(_) => 0,
            Self::Unusable { .. } | Self::Passed { .. } => 1,
        }
    }

    /// Whether it is written to the dead-letter topic.
    #[must_use]
    pub const fn is_dead_letter(&self) -> bool {
        match self {
            Self::GivenUp(_) | Self::Unusable { .. } => true,
            Self::Answered { .. } | Self::Passed { .. } => false,
        }
    }

    /// Returns the bytes of the records that it keeps.
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

    /// Returns the partition of its records.
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
