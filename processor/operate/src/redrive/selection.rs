//! Decides which dead letters are put back. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountId, DEAD_LETTERS_REDRIVEN_TYPE, DeadLetterReason, LISTING_MARKER_TYPE,
    UNLINKS_RELEASED_TYPE,
};
use stackone_link_wire::{DeadLetterHeaders, RecordHeaders};

use super::OffsetRanges;
use stackone_processor_core::event::intake::Consumed;

/// The dead letters that are asked for. The default is all that may be of use.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only letters with one of these reasons. Empty means all but `malformed_event`, which would
    /// become dead letters again.
    pub reasons: Vec<DeadLetterReason>,
    /// Only letters of these accounts. Empty means all.
    pub accounts: BTreeSet<AccountId>,
    /// Only letters that became dead letters at this time or later.
    pub since: Option<Timestamp>,
}

/// What a redrive does with a record of the dead-letter topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedriveVerdict {
    /// It is put back.
    Redrive,
    /// It was dealt with by an earlier redrive.
    Done,
    /// It is a marker of an earlier redrive.
    Marker,
    /// It can never be put back, or would be of no use.
    Passed(Passed),
    /// It stays for a later redrive.
    Left(Left),
}

/// Why a dead letter is never put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// Its bytes had expired before it became a dead letter.
    Expired,
    /// It told a partition that a resync began or ended, or that unlinks were released. The
    /// partition is not known any more, and it was long ago.
    Outdated,
}

/// Why a dead letter stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The selection leaves it out.
    NotAskedFor,
    /// It cannot be read, so it would become a dead letter again. It is put back only where its
    /// reason is named.
    Malformed,
    /// It lacks the headers of a dead letter.
    NotADeadLetter,
}

impl Selection {
    /// Decides about a record. `done` has what earlier redrives of its partition have dealt with.
    #[must_use]
    pub fn decide(&self, record: &Consumed, done: &OffsetRanges) -> RedriveVerdict {
        if is_marker(record) {
            return RedriveVerdict::Marker;
        }
        if done.contains(record.offset) {
            return RedriveVerdict::Done;
        }
        let Some((headers, letter)) = dead_letter(record) else {
            return RedriveVerdict::Left(Left::NotADeadLetter);
        };
        if !self.asks_for(record, letter) {
            return RedriveVerdict::Left(Left::NotAskedFor);
        }
        if letter.value_expired {
            return RedriveVerdict::Passed(Passed::Expired);
        }
        let notices = [LISTING_MARKER_TYPE, UNLINKS_RELEASED_TYPE];
        if notices.contains(&headers.event.event_type.as_str()) {
            return RedriveVerdict::Passed(Passed::Outdated);
        }
        if self.reasons.is_empty() && letter.reason == DeadLetterReason::MalformedEvent {
            return RedriveVerdict::Left(Left::Malformed);
        }
        RedriveVerdict::Redrive
    }

    fn asks_for(&self, record: &Consumed, letter: &DeadLetterHeaders) -> bool {
        let is_of_account = |account: &AccountId| {
            record
                .key
                .as_deref()
                .is_some_and(|key| key == account.as_str().as_bytes())
        };
        (self.reasons.is_empty() || self.reasons.contains(&letter.reason))
            && (self.accounts.is_empty() || self.accounts.iter().any(is_of_account))
            && self.since.is_none_or(|since| letter.last_seen >= since)
    }
}

/// Whether an earlier redrive wrote the record. A webhook with the same type has the headers of a
/// dead letter.
#[must_use]
pub fn is_marker(record: &Consumed) -> bool {
    record.headers.as_ref().is_some_and(|headers| {
        headers.dead_letter.is_none() && headers.event.event_type == DEAD_LETTERS_REDRIVEN_TYPE
    })
}

/// Returns the headers of a dead letter.
#[must_use]
pub fn dead_letter(record: &Consumed) -> Option<(&RecordHeaders, &DeadLetterHeaders)> {
    let headers = record.headers.as_ref()?;
    Some((headers, headers.dead_letter.as_ref()?))
}

#[cfg(test)]
mod tests;
