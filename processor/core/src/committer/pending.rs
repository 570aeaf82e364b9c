//! Writes undecided work into a state. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{AccountState, Pending, Trigger};

use crate::reconcile::recheck;
use crate::reconcile::unknown_account;
use crate::work::consumed_position;
use crate::work::queue::Merge;
use crate::work::{AccountKey, Work, is_recorded_elsewhere};

/// Returns the state of an account whose triggers became dead letters. A scheduled recheck counts
/// as done.
pub(crate) fn without_answer(
    state: AccountState,
    pending: &Pending,
    now: Timestamp,
) -> AccountState {
    let recheck = match state.recheck {
        Some(made) if pending.trigger == Trigger::Recheck => recheck::due(made.step + 1, now),
        kept => kept,
    };
    AccountState {
        recheck,
        taken_in: consumed_position::and(state.taken_in, pending.taken_in),
        ..state
    }
}

pub(crate) fn open_offsets(asked: &Work, waiting: Option<&Work>) -> Vec<i64> {
    let waiting = waiting
        .into_iter()
        .flat_map(|work| work.open_offsets.iter());
    asked.open_offsets.iter().chain(waiting).copied().collect()
}

pub(crate) fn merged(first: &Work, waiting: Option<&Work>) -> Pending {
    let mut work = first.clone();
    if let Some(waiting) = waiting {
        work.merge(waiting.clone());
    }
    work.pending
}

/// Returns the state with the undecided work in it. It also records the triggers as taken in.
pub(crate) fn with_pending(
    state: Option<AccountState>,
    key: &AccountKey,
    pending: Option<Pending>,
) -> Option<AccountState> {
    let Some(pending) = pending.filter(|pending| !is_recorded_elsewhere(pending)) else {
        return state
            .map(|state| AccountState {
                pending: None,
                ..state
            })
            .filter(|state| state.version > 0);
    };
    let state = state.unwrap_or_else(|| unknown_account(&key.id));
    let taken_in = consumed_position::and(state.taken_in, pending.taken_in);
    Some(AccountState {
        taken_in,
        pending: Some(pending),
        ..state
    })
}
