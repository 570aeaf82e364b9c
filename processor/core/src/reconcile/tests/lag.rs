//! Tests events by an answer that is older than the webhook: emitted at once, and looked at again.

use std::time::Duration;

use stackone_link_schemas::{Grace, GraceKind, Recheck};

use super::*;
use crate::reconcile::{Case, Decision, GracePeriods, LifecycleKind, SkipReason, apply, decide};

const LAG: Duration = Duration::from_secs(5);

/// Returns the recheck after a decision at this time, and the decision.
fn decided(
    state: &AccountState,
    pending: &Pending,
    answer: &Lookup,
    now: i64,
) -> (Decision, Option<Recheck>) {
    let case = Case {
        state: Some(state),
        pending,
        answer,
        now: at(now),
    };
    let decision = decide(&case, &GracePeriods::default());
    let transition = apply(&id(), &case, decision, None, LAG);
    (decision, transition.state.unwrap().recheck)
}

fn due_at(seconds: i64) -> Option<Recheck> {
    let (step, due_at) = (0, at(seconds));
    Some(Recheck { step, due_at })
}

const REFRESHED: Decision = Decision::Emit(LifecycleKind::Refreshed);

#[test]
fn an_event_by_an_older_answer_is_told_at_once_and_the_account_looked_at_again() {
    let state = confirmed(AccountPhase::Active, "active");
    // The snapshot was made 5 s before the start.
    for (date, expected) in [(START, due_at(6)), (at(-5), None), (at(-6), None)] {
        let webhook = pending(Trigger::Webhook, Some(date));
        let refreshed = decided(&state, &webhook, &found("active"), 1);
        assert_eq!(refreshed, (REFRESHED, expected), "{date}");
    }
}

#[test]
fn an_answer_that_is_older_than_the_one_before_is_looked_at_again_whatever_made_us_ask() {
    // The answer was made 5 s before the start, and the copy of a decided webhook 10 s before the
    // start.
    for (confirmed_of, expected) in [(-4, due_at(6)), (-5, None), (-6, None)] {
        let mut state = confirmed(AccountPhase::Active, "active");
        let of = |account: AccountSnapshot| AccountSnapshot {
            updated_at: Some(at(confirmed_of)),
            label: Some("before".to_owned()),
            ..account
        };
        state.account = state.account.map(of);
        let copy = pending(Trigger::Webhook, Some(at(-10)));
        let refreshed = decided(&state, &copy, &found("active"), 1);
        assert_eq!(refreshed, (REFRESHED, expected), "{confirmed_of}");
    }
}

/// A deleted webhook of the start that is doubted for two minutes, and the newest webhook.
fn doubted(kind: GraceKind, newest: Timestamp) -> Pending {
    let grace = Grace {
        kind,
        trigger: Trigger::Deleted,
        since: START,
        deadline: at(120),
        answers: 5,
        released_at: None,
    };
    Pending {
        grace: Some(grace),
        event_date: Some(newest),
        ..pending(Trigger::Deleted, Some(START))
    }
}

#[test]
fn a_deleted_webhook_was_doubted_long_enough_and_a_newer_one_was_not() {
    let state = confirmed(AccountPhase::Active, "active");
    for (newest, again) in [(START, None), (at(119), due_at(126))] {
        let doubted = doubted(GraceKind::Delete, newest);
        let refreshed = decided(&state, &doubted, &found("active"), 121);
        assert_eq!(refreshed, (REFRESHED, again), "{newest}");
    }
    for (newest, again) in [(START, None), (at(119), due_at(126))] {
        let doubted = doubted(GraceKind::DeleteConfirm, newest);
        let (decision, recheck) = decided(&state, &doubted, &found("archived"), 121);
        assert_eq!(decision, Decision::Emit(LifecycleKind::Unlinked));
        assert_eq!(recheck, again, "{newest}");
    }
}

#[test]
fn a_webhook_that_comes_as_a_deletion_turns_out_wrong_is_looked_at_again_without_it() {
    let state = confirmed(AccountPhase::Degraded, "error");
    let alone = doubted(GraceKind::Delete, START);
    let (decision, _) = decided(&state, &alone, &found("error"), 121);
    assert_eq!(decision, Decision::Skip(SkipReason::StillThere));
    let newer = doubted(GraceKind::Delete, at(119));
    let (decision, _) = decided(&state, &newer, &found("error"), 121);
    let again = Decision::Recheck {
        due_at: at(126),
        trigger: Trigger::Webhook,
        grace: None,
        lag_recheck_used: true,
    };
    assert_eq!(decision, again);
}

#[test]
fn the_look_stays_due_whatever_else_is_decided_before_and_is_made_once() {
    let looked_at_again = AccountState {
        last_event_date: Some(START),
        recheck: due_at(6),
        ..confirmed(AccountPhase::Active, "active")
    };
    let copy = pending(Trigger::Webhook, Some(START));
    let (_, kept) = decided(&looked_at_again, &copy, &found("active"), 2);
    assert_eq!(kept, due_at(6), "a copy of the webhook comes before");
    let look = pending(Trigger::Recheck, None);
    let (_, made) = decided(&looked_at_again, &look, &found("active"), 6);
    assert_eq!(made, None);
    let (degraded, next) = decided(&looked_at_again, &look, &found("error"), 6);
    assert_eq!(degraded, Decision::Emit(LifecycleKind::Degraded));
    assert_eq!(next, due_at(66), "as of any account that is degraded");
}

/// The state after a deleted webhook of the start and a 404.
fn unlinked() -> AccountState {
    AccountState {
        account: None,
        status: None,
        last_event_date: Some(START),
        ..confirmed(AccountPhase::Unlinked, "active")
    }
}

/// A deleted webhook of the start, and another webhook of 5 s later.
fn deleted_and_newer() -> Pending {
    Pending {
        deleted_at: Some(START),
        ..pending(Trigger::Deleted, Some(at(5)))
    }
}

#[test]
fn an_unlink_that_a_newer_webhook_came_with_is_told_at_once_and_looked_at_again() {
    let state = AccountState {
        recheck: due_at(3600),
        ..confirmed(AccountPhase::Degraded, "error")
    };
    let unlinked = Decision::Emit(LifecycleKind::Unlinked);
    let both = deleted_and_newer();
    assert_eq!(
        decided(&state, &both, &Lookup::NotFound, 6),
        (unlinked, due_at(11))
    );
    let alone = pending(Trigger::Deleted, Some(at(5)));
    assert_eq!(
        decided(&state, &alone, &Lookup::NotFound, 6),
        (unlinked, None),
        "what was due of a degraded account is not of an unlinked one"
    );
}

#[test]
fn a_copy_of_the_deleted_webhook_hides_no_newer_link_of_an_unlinked_account() {
    let state = unlinked();
    let both = deleted_and_newer();
    let (early, _) = decided(&state, &both, &Lookup::NotFound, 6);
    let Decision::Recheck { trigger, grace, .. } = early else {
        panic!("a 404 may be of the time before the link: {early:?}");
    };
    assert_eq!(trigger, Trigger::Webhook);
    let doubted = Pending { grace, ..both };
    let (linked, _) = decided(&state, &doubted, &found("active"), 8);
    assert_eq!(linked, Decision::Emit(LifecycleKind::Linked));
    let copy = pending(Trigger::Deleted, Some(START));
    let (skipped, recheck) = decided(&state, &copy, &Lookup::NotFound, 6);
    assert_eq!(skipped, Decision::Skip(SkipReason::Unchanged));
    assert_eq!(recheck, None);
}

#[test]
fn the_look_after_an_unlink_counts_as_the_newer_webhook() {
    let state = confirmed(AccountPhase::Active, "active");
    let both = deleted_and_newer();
    let case = Case {
        state: Some(&state),
        pending: &both,
        answer: &Lookup::NotFound,
        now: at(6),
    };
    let unlinked = Decision::Emit(LifecycleKind::Unlinked);
    let unlinked = apply(&id(), &case, unlinked, None, LAG).state.unwrap();
    let look = pending(Trigger::Recheck, None);
    for answer in [found("inactive"), found("error"), Lookup::NotFound] {
        let (early, kept) = decided(&unlinked, &look, &answer, 8);
        assert_eq!(early, Decision::Skip(SkipReason::Unchanged), "a resync's");
        assert_eq!(kept, due_at(11));
        let (due, _) = decided(&unlinked, &look, &answer, 11);
        let Decision::Recheck { trigger, grace, .. } = due else {
            panic!("the new link may still appear or become active: {due:?}");
        };
        let kind = grace.map(|grace| grace.kind);
        assert_eq!(
            (trigger, kind),
            (Trigger::Webhook, Some(GraceKind::Activation))
        );
    }
    let archived = AccountState {
        status: Some("archived".into()),
        ..unlinked
    };
    let (still, _) = decided(&archived, &look, &found("archived"), 11);
    let unchanged = Decision::Skip(SkipReason::Unchanged);
    assert_eq!(still, unchanged, "it was unlinked for that");
}

#[test]
fn a_link_by_an_answer_from_before_the_unlink_is_looked_at_again() {
    let state = unlinked();
    // It says what was 10 s before the unlink, and so does the API, which lags.
    let late = pending(Trigger::Webhook, Some(at(-10)));
    let linked = Decision::Emit(LifecycleKind::Linked);
    assert_eq!(
        decided(&state, &late, &found("active"), 1),
        (linked, due_at(6))
    );
}
