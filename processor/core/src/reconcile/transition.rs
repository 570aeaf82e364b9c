//! Turns a decision into the next state and the event to emit.

use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{Account, Lookup};
use stackone_link_schemas::{
    AccountId, AccountLifecycleEvent, AccountPhase, AccountState, GraceKind, Recheck, Trigger,
};

use crate::planted::{Fault, planted};

use super::grace::later;
use super::recheck;
use super::table::LifecycleKind;
use super::{Case, Decision};
use crate::work::{consumed_position, newest_date};

/// The result of a decision, without pending work: only the caller knows what came since.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The next state; `None` where nothing about the account needs to be kept.
    pub state: Option<AccountState>,
    /// The event to emit.
    pub event: Option<AccountLifecycleEvent>,
}

/// Applies a decision that is not a recheck to the state of `account_id`.
///
/// `project_id` is the project whose API key gave the answer. Where the answer is older than its
/// trigger, or than the answer before, the event is emitted at once and the account is looked up
/// again `lag_recheck` later.
#[must_use]
pub fn apply(
    account_id: &AccountId,
    case: &Case<'_>,
    decision: Decision,
    project_id: Option<&str>,
    lag_recheck: Duration,
) -> Transition {
    let mut state = case
        .state
        .cloned()
        .unwrap_or_else(|| unknown_account(account_id));
    state.last_event_date = state.last_event_date.max(newest_date(case.pending));
    state.taken_in = consumed_position::and(state.taken_in, case.pending.taken_in);
    state.pending = None;
    let event = match decision {
        Decision::Emit(kind) => Some(emit(&mut state, case, kind, project_id)),
        Decision::Skip(_) | Decision::Recheck { .. } => None,
    };
    // A deletion of an account that is there was doubted for the whole grace period, and nothing
    // that came meanwhile.
    let is_there = matches!(case.answer, Lookup::Found(_));
    let is_deletion = is_there && case.trigger() == Trigger::Deleted;
    let is_doubted = is_deletion && !case.is_newer_than_deletion();
    let is_old = case.answer_is_older() || case.answer_goes_back();
    let lags = event.is_some() && !is_doubted && is_old;
    state.recheck = match state.state {
        AccountPhase::Active | AccountPhase::Unlinked => {
            next_lag_recheck(&state, case, lags.then_some(lag_recheck))
        }
        AccountPhase::None | AccountPhase::Degraded | AccountPhase::Failed => {
            next_recheck(&state, case, event.is_some())
        }
    };
    let is_worth_remembering = state.version > 0;
    Transition {
        state: is_worth_remembering.then_some(state),
        event,
    }
}

/// Returns the state of a new account.
#[must_use]
pub fn unknown_account(account_id: &AccountId) -> AccountState {
    AccountState {
        account_id: account_id.clone(),
        project_id: None,
        state: AccountPhase::None,
        version: 0,
        status: None,
        status_reasons: Vec::new(),
        account: None,
        confirmed_at: None,
        last_event_date: None,
        taken_in: None,
        pending: None,
        recheck: None,
        vanished_at: None,
        unknown: serde_json::Map::new(),
    }
}

fn emit(
    state: &mut AccountState,
    case: &Case<'_>,
    kind: LifecycleKind,
    project_id: Option<&str>,
) -> AccountLifecycleEvent {
    let account = match case.answer {
        Lookup::Found(account) => Some(account.as_ref()),
        Lookup::NotFound => None,
    };
    let previous_status = state.status.take();
    let last_snapshot = state.account.take();
    // Only a 200 proves which project owns the account: the key of every other project gets a 404.
    // A recheck where no project is configured by id names none.
    if let Some(project) = project_id.filter(|_| account.is_some()) {
        state.project_id = Some(project.to_owned());
    }
    state.version += u64::from(!planted(Fault::VersionKept) || state.version == 0);
    state.state = kind.phase();
    state.status = account.map(|account| account.status.clone());
    state.confirmed_at = Some(case.now);
    state.vanished_at = vanished_at(case, kind);
    let reasons = account
        .map(|account| account.status_reasons.clone())
        .unwrap_or_default();
    let is_unlinked = kind == LifecycleKind::Unlinked;
    if is_unlinked {
        state.status_reasons.clear();
        state.recheck = None;
    } else {
        state.status_reasons.clone_from(&reasons);
        state.account = account.map(|account| account.snapshot.clone());
    }
    let told = if is_unlinked {
        last_snapshot
    } else {
        state.account.clone()
    };
    // Where the owner is not known, the event names the project that asked.
    let told_of = state.project_id.as_deref().or(project_id);
    AccountLifecycleEvent {
        id: AccountLifecycleEvent::id_of(told_of, &state.account_id, state.version),
        event_type: kind.event_type(),
        account_id: state.account_id.clone(),
        project_id: told_of.map(str::to_owned),
        version: state.version,
        account: told.or_else(|| account.map(|account: &Account| account.snapshot.clone())),
        status: state.status.clone(),
        status_reasons: reasons,
        previous_status,
        confirmed_at: case.now,
        lookups: case.pending.lookups,
        caused_by: case.pending.causes.clone(),
        caused_by_total: case.pending.total,
    }
}

/// Returns since when an account has answered 404, where it is unlinked for that alone and no
/// operator released it.
fn vanished_at(case: &Case<'_>, kind: LifecycleKind) -> Option<Timestamp> {
    let grace = case.pending.grace?;
    let is_unlinked = kind == LifecycleKind::Unlinked && matches!(case.answer, Lookup::NotFound);
    let is_unsaid = case.trigger() != Trigger::Deleted && grace.released_at.is_none();
    (is_unlinked && is_unsaid && grace.kind == GraceKind::Vanish).then_some(grace.since)
}

/// Returns the recheck of an account whose answer was older than its trigger. A recheck that is due
/// stays due, whatever else is decided before it.
fn next_lag_recheck(
    state: &AccountState,
    case: &Case<'_>,
    wait: Option<Duration>,
) -> Option<Recheck> {
    let due_at = wait.map(|wait| later(case.now, wait));
    let begun = due_at.map(|due_at| Recheck { step: 0, due_at });
    let running = state.recheck.filter(|recheck| case.now < recheck.due_at);
    begun.or(running)
}

fn next_recheck(state: &AccountState, case: &Case<'_>, has_changed: bool) -> Option<Recheck> {
    if !matches!(state.state, AccountPhase::Degraded | AccountPhase::Failed) {
        return None;
    }
    if has_changed {
        return recheck::due(0, case.now);
    }
    match (case.pending.trigger, state.recheck) {
        (Trigger::Recheck, Some(made)) => recheck::due(made.step + 1, case.now),
        (Trigger::Recheck | Trigger::Webhook | Trigger::Deleted, running) => running,
    }
}
