//! Decides where an account is, in one word. Pure.

use jiff::Timestamp;
use serde::Serialize;
use stackone_link_schemas::{AccountState, GraceKind, Pending};

use super::found::{Evidence, Letter, TriggerProgress};

/// Where an account is. The first that is true counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStanding {
    /// Its state could not be read.
    Unknown,
    /// It has answered 404 for long enough, and is not unlinked because too many accounts of its
    /// project vanished at once.
    UnlinkHeld,
    /// Its triggers are taken in and undecided.
    Pending,
    /// The processor has not consumed its newest trigger.
    NotProcessed,
    /// Its newest trigger became a dead letter, and nothing was confirmed since.
    PutAside,
    /// Its state is confirmed, and nothing waits.
    Confirmed,
    /// Its webhooks came and were unrecognized.
    Unrecognized,
    /// Its triggers were decided and nothing was kept: StackOne never showed the account.
    NothingToRemember,
    /// No topic has anything about it.
    NotHeardOf,
}

impl AccountStanding {
    /// Decides by the evidence.
    #[must_use]
    pub fn of(found: &Evidence, now: Timestamp) -> Self {
        if found.state.is_err() {
            return Self::Unknown;
        }
        let state = found.state();
        let pending = state.and_then(|state| state.pending.as_ref());
        if let Some(pending) = pending {
            return if is_held(pending, now) {
                Self::UnlinkHeld
            } else {
                Self::Pending
            };
        }
        let newest = found.triggers().and_then(|triggers| triggers.last());
        if newest.is_some_and(|newest| newest.progress == TriggerProgress::Waiting) {
            return Self::NotProcessed;
        }
        if put_aside(found, state).is_some() {
            return Self::PutAside;
        }
        if state.is_some_and(|state| state.version > 0) {
            return Self::Confirmed;
        }
        if found.strays().is_some_and(|strays| strays.total > 0) {
            return Self::Unrecognized;
        }
        match newest {
            Some(_) => Self::NothingToRemember,
            None => Self::NotHeardOf,
        }
    }
}

/// Whether the account would be unlinked if its project's unlinks were not held. Without the
/// project's other accounts it is not known that they are held: the lookup may be due just now.
pub(super) fn is_held(pending: &Pending, now: Timestamp) -> bool {
    pending.grace.is_some_and(|grace| {
        let is_over = grace.deadline <= now && grace.answers >= 2;
        grace.kind == GraceKind::Vanish && is_over && grace.released_at.is_none()
    })
}

/// Returns the newest dead letter that was not put back and that no confirmation has followed.
pub(super) fn put_aside<'a>(
    found: &'a Evidence,
    state: Option<&AccountState>,
) -> Option<&'a Letter> {
    let confirmed = state.and_then(|state| state.confirmed_at);
    let letters = found.letters()?.newest.iter().rev();
    letters
        .filter(|letter| !letter.put_back)
        .find(|letter| confirmed.is_none_or(|confirmed| letter.last_seen > confirmed))
}

#[cfg(test)]
mod tests;
