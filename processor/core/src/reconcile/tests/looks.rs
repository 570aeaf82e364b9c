//! Tests looks that were asked for, alone and together with webhooks.

use std::time::Duration;

use super::*;
use crate::reconcile::{Case, Decision, GracePeriods, LifecycleKind, SkipReason, apply, decide};

/// Returns a look at the start; with a webhook of this date, if any.
fn look(webhook: Option<i64>) -> Pending {
    let trigger = webhook.map_or(Trigger::Recheck, |_| Trigger::Webhook);
    Pending {
        looked_at: Some(START),
        ..pending(trigger, webhook.map(at))
    }
}

/// Returns the decision by an answer that shows the confirmed account, and the date of the newest
/// trigger after it.
fn decided(pending: &Pending, is_as_new_as_the_look: bool) -> (Decision, Option<Timestamp>) {
    let state = confirmed(AccountPhase::Active, "active");
    let mut answer = found("active");
    if let Lookup::Found(account) = &mut answer
        && is_as_new_as_the_look
    {
        account.snapshot.updated_at = Some(START);
    }
    let state = match &answer {
        Lookup::Found(account) => AccountState {
            account: Some(account.snapshot.clone()),
            ..state
        },
        Lookup::NotFound => state,
    };
    let case = Case {
        state: Some(&state),
        pending,
        answer: &answer,
        now: at(1),
    };
    let decision = decide(&case, &GracePeriods::default());
    let transition = apply(&id(), &case, decision, None, Duration::from_secs(5));
    (decision, transition.state.unwrap().last_event_date)
}

#[test]
fn a_look_is_no_sign_of_a_change_and_the_webhook_that_follows_is_none_that_is_newer() {
    let unchanged = Decision::Skip(SkipReason::Unchanged);
    assert_eq!(decided(&look(None), true), (unchanged, Some(START)));
}

#[test]
fn a_webhook_is_as_new_as_it_was_without_the_look_beside_it() {
    for (webhook, expected) in [
        (-10, Decision::Skip(SkipReason::Duplicate)),
        (-9, Decision::Emit(LifecycleKind::Refreshed)),
    ] {
        let (decision, newest) = decided(&look(Some(webhook)), true);
        assert_eq!((decision, newest), (expected, Some(START)), "{webhook}");
    }
}

#[test]
fn an_answer_that_is_older_than_the_look_is_asked_for_once_more() {
    for webhook in [None, Some(-10)] {
        let mut look = look(webhook);
        let Decision::Recheck {
            lag_recheck_used: true,
            ..
        } = decided(&look, false).0
        else {
            panic!("it is believed: {webhook:?}");
        };
        look.lag_recheck_used = true;
        assert!(matches!(decided(&look, false).0, Decision::Skip(_)));
    }
}
