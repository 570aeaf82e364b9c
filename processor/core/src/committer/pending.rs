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

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountId, TakenIn};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn mark(offset: i64) -> Option<TakenIn> {
        Some(TakenIn {
            partition: 0,
            offset,
            timestamp_ms: offset,
        })
    }

    fn pending(trigger: Trigger, offset: i64) -> Pending {
        Pending {
            taken_in: mark(offset),
            total: 1,
            ..Work::nothing(trigger, NOW).pending
        }
    }

    fn key() -> AccountKey {
        let id = AccountId::try_from("a").unwrap();
        AccountKey { partition: 0, id }
    }

    #[test]
    fn after_dead_letters_a_recheck_counts_as_done_and_their_records_as_taken_in() {
        let before = AccountState {
            recheck: recheck::due(0, NOW),
            taken_in: mark(1),
            ..unknown_account(&key().id)
        };
        let after = |trigger| without_answer(before.clone(), &pending(trigger, 2), NOW);
        assert_eq!(after(Trigger::Recheck).recheck, recheck::due(1, NOW));
        assert_eq!(after(Trigger::Webhook).recheck, before.recheck);
        assert_eq!(after(Trigger::Webhook).taken_in, mark(2));
    }

    #[test]
    fn a_state_has_the_work_that_is_undecided_and_its_mark_and_none_that_was_decided() {
        let work = pending(Trigger::Webhook, 2);
        let state = with_pending(None, &key(), Some(work.clone())).unwrap();
        assert_eq!(
            (state.pending.as_ref(), state.taken_in),
            (Some(&work), mark(2))
        );
        assert_eq!(with_pending(Some(state.clone()), &key(), None), None);
        let told = AccountState {
            version: 1,
            ..state
        };
        let after = with_pending(Some(told), &key(), None).unwrap();
        assert_eq!((after.pending, after.taken_in), (None, mark(2)));
    }
}
