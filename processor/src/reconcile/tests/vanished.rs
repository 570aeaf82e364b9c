//! What the state of an account says that was unlinked because it vanished.

use jiff::Timestamp;
use stackone_client::Lookup;
use stackone_link_schemas::{AccountPhase, AccountState, Grace, GraceKind, Pending, Trigger};

use super::{START, at, confirmed, found, id, pending};
use crate::reconcile::{Case, Decision, LifecycleKind, apply};

/// The state after this decision.
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
    let transition = apply(&id(), &case, Decision::Emit(kind), None);
    transition.state.unwrap()
}

/// Doubted since the start.
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
