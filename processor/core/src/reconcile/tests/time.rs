//! Tests grace periods, late answers and transitions over time.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use stackone_client_types::Lookup;
use stackone_link_schemas::{
    AccountLifecycleEvent, AccountPhase, AccountState, AccountStatus, Pending, Trigger,
};

use super::{START, at, confirmed, found, id, pending, snapshot};
use crate::reconcile::{Case, Decision, GracePeriods, LifecycleKind, SkipReason, apply, decide};

/// Asks again after each recheck until the decision is final. Returns the decision, its time, and
/// the number of answers.
fn settle(
    state: Option<&AccountState>,
    mut pending: Pending,
    answer: impl Fn(Timestamp) -> Lookup,
) -> (Decision, Timestamp, u32) {
    let mut now = START;
    for answers in 1..100 {
        let lookup = answer(now);
        match decide(
            &Case {
                state,
                pending: &pending,
                answer: &lookup,
                now,
            },
            &GracePeriods::default(),
        ) {
            Decision::Recheck {
                due_at,
                trigger,
                grace,
                lag_recheck_used,
            } => {
                assert!(due_at > now, "a recheck is later than now");
                pending = Pending {
                    trigger,
                    grace,
                    lag_recheck_used,
                    ..pending
                };
                now = due_at;
            }
            decision @ (Decision::Emit(_) | Decision::Skip(_)) => return (decision, now, answers),
        }
    }
    panic!("never decided");
}

#[test]
fn an_account_that_becomes_active_within_the_grace_is_linked_early() {
    let activates = |now| {
        if now >= at(3) {
            found("active")
        } else {
            found("inactive")
        }
    };
    let (decision, when, answers) = settle(None, pending(Trigger::Webhook, Some(START)), activates);
    assert_eq!(decision, Decision::Emit(LifecycleKind::Linked));
    assert!(when <= at(4) && answers == 3, "{when} {answers}");
}

#[test]
fn an_account_that_stays_inactive_fails_when_the_grace_is_over() {
    let (decision, when, _) = settle(None, pending(Trigger::Webhook, Some(START)), |_| {
        found("inactive")
    });
    assert_eq!(
        (decision, when),
        (Decision::Emit(LifecycleKind::LinkFailed), at(30))
    );
}

#[test]
fn an_account_that_never_shows_itself_vanished() {
    let (decision, when, _) = settle(None, pending(Trigger::Webhook, Some(START)), |_| {
        Lookup::NotFound
    });
    assert_eq!(
        (decision, when),
        (Decision::Skip(SkipReason::Vanished), at(30))
    );
}

#[test]
fn a_confirmed_account_that_answers_404_is_doubted_for_ten_minutes() {
    let state = confirmed(AccountPhase::Active, "active");
    let (decision, when, answers) =
        settle(Some(&state), pending(Trigger::Webhook, Some(START)), |_| {
            Lookup::NotFound
        });
    assert_eq!(
        (decision, when),
        (Decision::Emit(LifecycleKind::Unlinked), at(600))
    );
    assert!(answers >= 2);
}

#[test]
fn one_404_long_ago_is_not_enough() {
    let state = confirmed(AccountPhase::Active, "active");
    let first = pending(Trigger::Recheck, None);
    let case = |pending, now| {
        decide(
            &Case {
                state: Some(&state),
                pending,
                answer: &Lookup::NotFound,
                now,
            },
            &GracePeriods::default(),
        )
    };
    let Decision::Recheck {
        grace: Some(grace), ..
    } = case(&first, START)
    else {
        panic!("doubted")
    };
    // The process was down until long after the deadline. The deadline expires only on an answer,
    // and this is the second.
    let second = Pending {
        grace: Some(grace),
        ..first.clone()
    };
    assert_eq!(
        case(&second, at(5000)),
        Decision::Emit(LifecycleKind::Unlinked)
    );
}

#[test]
fn a_deleted_account_that_is_gone_is_unlinked_at_once() {
    let state = confirmed(AccountPhase::Active, "active");
    let (decision, when, _) = settle(Some(&state), pending(Trigger::Deleted, Some(START)), |_| {
        Lookup::NotFound
    });
    assert_eq!(
        (decision, when),
        (Decision::Emit(LifecycleKind::Unlinked), START)
    );
}

#[test]
fn a_deleted_account_that_is_still_there_is_believed_after_the_grace() {
    let state = AccountState {
        last_event_date: Some(START),
        ..confirmed(AccountPhase::Degraded, "error")
    };
    let (decision, when, _) = settle(Some(&state), pending(Trigger::Deleted, Some(START)), |_| {
        found("error")
    });
    assert_eq!(
        (decision, when),
        (Decision::Skip(SkipReason::StillThere), at(120))
    );
}

#[test]
fn a_deleted_account_that_is_archived_is_confirmed_once() {
    let state = confirmed(AccountPhase::Active, "active");
    let (decision, when, answers) =
        settle(Some(&state), pending(Trigger::Deleted, Some(START)), |_| {
            found("archived")
        });
    assert_eq!(
        (decision, when, answers),
        (Decision::Emit(LifecycleKind::Unlinked), at(10), 2)
    );
}

#[test]
fn a_deleted_webhook_older_than_what_was_confirmed_says_nothing() {
    let state = confirmed(AccountPhase::Active, "active");
    let (decision, when, _) = settle(
        Some(&state),
        pending(Trigger::Deleted, Some(at(-60))),
        |_| found("active"),
    );
    assert_eq!(
        (decision, when),
        (Decision::Skip(SkipReason::Duplicate), START)
    );
}

#[test]
fn an_answer_older_than_its_webhook_is_asked_for_once_more() {
    let state = confirmed(AccountPhase::Degraded, "error");
    let (decision, when, answers) =
        settle(Some(&state), pending(Trigger::Webhook, Some(START)), |_| {
            found("error")
        });
    assert_eq!(
        (decision, when, answers),
        (Decision::Skip(SkipReason::Unchanged), at(5), 2)
    );
}

#[test]
fn an_old_deleted_webhook_says_nothing_also_when_a_newer_webhook_came_with_it() {
    let state = confirmed(AccountPhase::Active, "active");
    let merged = Pending {
        event_date: Some(START),
        deleted_at: Some(at(-60)),
        ..pending(Trigger::Deleted, None)
    };
    let (decision, when, _) = settle(Some(&state), merged, |_| found("inactive"));
    assert_eq!(
        (decision, when),
        (Decision::Emit(LifecycleKind::Degraded), START)
    );
}

#[test]
fn an_account_that_is_still_there_is_not_doubted_twice() {
    let state = confirmed(AccountPhase::Degraded, "error");
    let (decision, when, _) = settle(Some(&state), pending(Trigger::Deleted, Some(START)), |_| {
        found("error")
    });
    assert_eq!(
        (decision, when),
        (Decision::Skip(SkipReason::StillThere), at(120))
    );
}

fn emitted(
    state: Option<&AccountState>,
    trigger: Trigger,
    answer: &Lookup,
) -> (AccountState, AccountLifecycleEvent) {
    let pending = pending(trigger, Some(START));
    let case = Case {
        state,
        pending: &pending,
        answer,
        now: at(1),
    };
    let decision = decide(&case, &GracePeriods::default());
    let transition = apply(
        &id(),
        &case,
        decision,
        Some("acmeinc-27270"),
        Duration::ZERO,
    );
    (transition.state.unwrap(), transition.event.unwrap())
}

#[test]
fn a_transition_raises_the_version_and_carries_the_snapshot() {
    let (state, event) = emitted(None, Trigger::Webhook, &found("active"));
    assert_eq!((state.version, event.version), (1, 1));
    assert_eq!(event.account, Some(snapshot()));
    assert_eq!(
        (event.status, event.previous_status),
        (Some(AccountStatus::Active), None)
    );
    assert_eq!(
        event.id,
        AccountLifecycleEvent::id_of(Some("acmeinc-27270"), &id(), 1)
    );
    let (next, event) = emitted(Some(&state), Trigger::Webhook, &found("expired"));
    assert_eq!((next.state, next.version), (AccountPhase::Degraded, 2));
    assert_eq!(event.previous_status, Some(AccountStatus::Active));
    assert!(
        next.recheck.is_some(),
        "a degraded account is looked at again"
    );
}

#[test]
fn an_unlink_tells_the_last_snapshot_and_forgets_it() {
    let state = confirmed(AccountPhase::Active, "active");
    let (next, event) = emitted(Some(&state), Trigger::Deleted, &Lookup::NotFound);
    assert_eq!(event.account, Some(snapshot()));
    assert_eq!(
        (next.account, next.version, next.state),
        (None, 4, AccountPhase::Unlinked)
    );
    assert_eq!(next.recheck, None);
}

#[test]
fn a_version_is_never_reused_after_an_unlink() {
    let state = AccountState {
        account: None,
        ..confirmed(AccountPhase::Unlinked, "active")
    };
    let (next, event) = emitted(Some(&state), Trigger::Webhook, &found("active"));
    assert_eq!((next.version, event.version), (4, 4));
}

proptest! {
    /// Whatever the API answers, in whatever order, an account is decided: no grace period starts
    /// another for ever.
    #[test]
    fn every_account_is_decided(
        answers in proptest::collection::vec(0usize..8, 1..40),
        phase in 0usize..5,
        trigger in 0usize..3,
    ) {
        let statuses = ["active", "error", "expired", "suspended", "inactive", "archived", "brand_new"];
        let phase = [AccountPhase::None, AccountPhase::Active, AccountPhase::Degraded, AccountPhase::Failed, AccountPhase::Unlinked][phase];
        let trigger = [Trigger::Recheck, Trigger::Webhook, Trigger::Deleted][trigger];
        let state = (phase != AccountPhase::None).then(|| confirmed(phase, "active"));
        let calls = std::cell::Cell::new(0usize);
        let answer = |_| {
            let call = calls.replace(calls.get() + 1);
            let answer = answers[call.min(answers.len() - 1)];
            statuses.get(answer).map_or(Lookup::NotFound, |status| found(status))
        };
        settle(state.as_ref(), pending(trigger, Some(START)), answer);
    }
}
