//! Tests what a state says about an account that was unlinked because it vanished.

use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::{
    AccountLifecycleEvent, AccountPhase, AccountState, Grace, GraceKind, Pending, Trigger,
};

use super::{START, at, confirmed, found, id, pending};
use crate::reconcile::{Case, Decision, LifecycleKind, apply};

/// Returns the state after this decision.
fn after(
    state: &AccountState,
    pending: &Pending,
    answer: &Lookup,
    kind: LifecycleKind,
) -> AccountState {
    let case = Case {
        state: Some(state),
        pending,
        answer,
        now: at(600),
    };
    let transition = apply(&id(), &case, Decision::Emit(kind), None, Duration::ZERO);
    transition.state.unwrap()
}

/// Returns triggers that have been doubted since the start.
fn doubted(trigger: Trigger, kind: GraceKind, released_at: Option<Timestamp>) -> Pending {
    let grace = Grace {
        kind,
        trigger,
        since: START,
        deadline: at(600),
        answers: 5,
        released_at,
    };
    Pending {
        grace: Some(grace),
        ..pending(trigger, Some(START))
    }
}

#[test]
fn only_what_was_unlinked_for_its_404s_alone_says_since_when_they_came() {
    use GraceKind::{Delete, Vanish};
    use Trigger::{Deleted, Recheck, Webhook};
    let active = confirmed(AccountPhase::Active, "active");
    for (trigger, kind, released_at, says) in [
        (Recheck, Vanish, None, true),
        (Webhook, Vanish, None, true),
        (Webhook, Vanish, Some(at(500)), false),
        (Deleted, Vanish, None, false),
        (Deleted, Delete, None, false),
    ] {
        let doubted = doubted(trigger, kind, released_at);
        let unlinked = LifecycleKind::Unlinked;
        let state = after(&active, &doubted, &Lookup::NotFound, unlinked);
        let said = says.then_some(START);
        assert_eq!(
            state.vanished_at, said,
            "{trigger:?} {kind:?} {released_at:?}"
        );
        let back = pending(Webhook, Some(at(590)));
        let linked = after(&state, &back, &found("active"), LifecycleKind::Linked);
        assert_eq!(linked.vanished_at, None, "it is back");
    }
}

#[test]
fn a_404_tells_of_the_project_that_asked_and_gives_the_account_no_owner() {
    let pending = pending(Trigger::Deleted, Some(START));
    let settled = |state: Option<&AccountState>, answer: &Lookup, kind| {
        let case = Case {
            state,
            pending: &pending,
            answer,
            now: at(1),
        };
        let transition = apply(
            &id(),
            &case,
            Decision::Emit(kind),
            Some("asked"),
            Duration::ZERO,
        );
        (transition.state.unwrap(), transition.event.unwrap())
    };
    let (unlinked, told) = settled(None, &Lookup::NotFound, LifecycleKind::Unlinked);
    assert_eq!(
        (unlinked.project_id.as_deref(), told.project_id.as_deref()),
        (None, Some("asked"))
    );
    assert_eq!(
        told.id,
        AccountLifecycleEvent::id_of(Some("asked"), &id(), 1)
    );
    let (linked, told) = settled(Some(&unlinked), &found("active"), LifecycleKind::Linked);
    assert_eq!(linked.project_id.as_deref(), Some("asked"));
    assert_eq!(told.project_id, linked.project_id);
    let owned = confirmed(AccountPhase::Active, "active");
    let (unlinked, told) = settled(Some(&owned), &Lookup::NotFound, LifecycleKind::Unlinked);
    assert_eq!(unlinked.project_id, owned.project_id);
    assert_eq!(told.project_id, owned.project_id);
}
