use proptest::prelude::*;
use stackone_link_schemas::{
    AccountPhase, LinkOutcome, LinkReason, LinkSessionChange, LinkSessionCreated,
    LinkSessionSettled, TokenMinted,
};
use uuid::Uuid;

use super::fold::MAX_HINTS;
use super::testing::{about, about_of, account, at, created, hinted, id, settled};
use super::*;
use crate::account::Account;
use AccountPhase::{Active, Degraded, Failed, Unlinked};
use LinkOutcome::Verified;

const DAY: i64 = 24 * 60 * 60;

/// A tenant whose session 1 is in `state` at second 100.
pub(super) fn tenant_in(state: SessionState) -> TenantState {
    let mut tenant = TenantState::default();
    tenant.create(1, None);
    let mut facts = Vec::new();
    let mint = || LinkSessionChange::TokenMinted(TokenMinted::default());
    match state {
        SessionState::Created | SessionState::Expired => {}
        SessionState::Opened => facts.push(LinkSessionChange::Opened),
        SessionState::Linking => facts.push(mint()),
        SessionState::Linked => facts.extend([mint(), hinted("a")]),
        SessionState::Verified => facts.extend([mint(), settled(Verified, "a", 1)]),
        SessionState::Failed => facts.extend([mint(), settled(LinkOutcome::Failed, "a", 1)]),
        SessionState::Cancelled => facts.push(LinkSessionChange::Cancelled),
    }
    for fact in facts {
        assert_eq!(tenant.fact(1, fact, 10), Folded::Counted);
    }
    assert_eq!(seen_at(&tenant, 1, now_of(state)), state);
    tenant
}

pub(super) fn now_of(state: SessionState) -> i64 {
    if state == SessionState::Expired {
        DAY
    } else {
        100
    }
}

pub(super) fn seen_at(tenant: &TenantState, session: u128, seconds: i64) -> SessionState {
    let session = tenant.session(Uuid::from_u128(session)).unwrap();
    tenant.state(session, &Seen::default(), at(seconds)).0
}

#[test]
fn every_fact_in_every_state_leads_to_one_state() {
    use SessionState::{Cancelled, Created, Expired, Failed, Linked, Linking, Opened, Verified};
    let table = [
        // created, opened, token_minted, linked_reported, cancelled, settled verified, settled
        // failed
        (
            Created,
            [
                Created, Opened, Linking, Created, Cancelled, Created, Failed,
            ],
        ),
        (
            Opened,
            [Opened, Opened, Linking, Opened, Cancelled, Opened, Failed],
        ),
        (
            Linking,
            [
                Linking, Linking, Linking, Linked, Cancelled, Verified, Failed,
            ],
        ),
        (
            Linked,
            [Linked, Linked, Linked, Linked, Cancelled, Verified, Failed],
        ),
        (Verified, [Verified; 7]),
        (
            Failed,
            [Failed, Failed, Failed, Failed, Cancelled, Verified, Failed],
        ),
        (Expired, [Expired; 7]),
        (Cancelled, [Cancelled; 7]),
    ];
    assert_eq!(table.map(|(state, _)| state), SessionState::ALL);
    for (before, after) in table {
        let facts = [
            LinkSessionChange::Created(Box::new(created(Some("b")))),
            LinkSessionChange::Opened,
            LinkSessionChange::TokenMinted(TokenMinted::default()),
            hinted("a"),
            LinkSessionChange::Cancelled,
            settled(LinkOutcome::Verified, "a", 1),
            settled(LinkOutcome::Failed, "a", 1),
        ];
        for (fact, after) in facts.into_iter().zip(after) {
            let mut tenant = tenant_in(before);
            let kind = fact.event_type();
            tenant.fact(1, fact, now_of(before));
            let is = seen_at(&tenant, 1, now_of(before));
            assert_eq!(is, after, "{before:?} after {kind}");
        }
    }
}

#[test]
fn a_fact_whose_session_is_gone_is_ignored() {
    let mut tenant = TenantState::default();
    let opened = tenant.fact(1, LinkSessionChange::Opened, 0);
    assert_eq!(opened, Folded::Orphan);
    assert!(tenant.is_empty());
}

#[test]
fn a_token_outlives_the_session_by_what_it_takes_to_use_it() {
    let mut tenant = TenantState::default();
    tenant.create(1, None);
    assert_eq!(tenant.mint(1, 3599), Folded::Counted);
    let end = 3599 + 35 * 60;
    assert_eq!(seen_at(&tenant, 1, end - 1), SessionState::Linking);
    assert_eq!(seen_at(&tenant, 1, end), SessionState::Expired);
    assert_eq!(tenant.mint(1, 3600), Folded::Ignored, "minting has ended");
    assert_eq!(tenant.fact(1, hinted("a"), end), Folded::Ignored);
}

#[test]
fn a_page_hints_five_times_at_most() {
    let mut tenant = tenant_in(SessionState::Linking);
    for _ in 0..MAX_HINTS {
        assert_eq!(tenant.fact(1, hinted("a"), 20), Folded::Counted);
    }
    assert_eq!(tenant.fact(1, hinted("b"), 20), Folded::Ignored);
}

fn standing(tenant: &TenantState, session: u128, seen: &Seen) -> Standing {
    let session = tenant.session(Uuid::from_u128(session)).unwrap();
    tenant.state(session, seen, at(100)).1
}

fn verdict(
    tenant: &TenantState,
    session: u128,
    seen: &Seen,
) -> Option<(LinkOutcome, Vec<LinkReason>)> {
    match standing(tenant, session, seen) {
        Standing::Settled(LinkSessionSettled {
            outcome, reasons, ..
        }) => Some((outcome, reasons)),
        Standing::Waiting | Standing::Recovered | Standing::Linked(_) | Standing::Ambiguous(_) => {
            None
        }
    }
}

const NOTHING: Seen = Seen {
    owner: Owner::Nobody,
    is_looked_at: false,
    is_missing: false,
};
const LOOKED: Seen = Seen {
    owner: Owner::Ours,
    is_looked_at: true,
    is_missing: false,
};
const MISSING: Seen = Seen {
    owner: Owner::Nobody,
    is_looked_at: false,
    is_missing: true,
};

#[test]
fn a_relink_is_verified_by_a_greater_version_and_else_by_a_look() {
    let relink = |before: Account, after: Account, hint: bool| {
        let mut tenant = TenantState::default();
        tenant.put_account(before);
        tenant.create(1, Some("a"));
        tenant.mint(1, 1);
        if hint {
            tenant.fact(1, hinted("a"), 2);
        }
        tenant.put_account(after);
        tenant
    };
    let (broken, works) = (account("a", 3, Degraded), account("a", 4, Active));
    let healed = relink(broken.clone(), works.clone(), false);
    assert_eq!(verdict(&healed, 1, &NOTHING), Some((Verified, vec![])));
    let same = relink(broken.clone(), broken.clone(), true);
    assert_eq!(standing(&same, 1, &NOTHING), Standing::Linked(id("a")));
    let refused = Some((LinkOutcome::Failed, vec![LinkReason::StillRefused]));
    assert_eq!(verdict(&same, 1, &LOOKED), refused);
    let worked = relink(works.clone(), works.clone(), true);
    let unsaved = Some((LinkOutcome::Failed, vec![LinkReason::NothingSaved]));
    assert_eq!(verdict(&worked, 1, &LOOKED), unsaved);
    let not_asked = relink(works.clone(), works, false);
    assert_eq!(standing(&not_asked, 1, &LOOKED), Standing::Waiting);
    let gone = relink(broken, account("a", 4, Unlinked), false);
    let is_gone = Some((LinkOutcome::Failed, vec![LinkReason::AccountGone]));
    assert_eq!(verdict(&gone, 1, &NOTHING), is_gone);
}

#[test]
fn an_account_that_recovers_before_any_token_leaves_the_session_open() {
    let mut tenant = TenantState::default();
    tenant.put_account(account("a", 1, Degraded));
    tenant.create(1, Some("a"));
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Waiting);
    tenant.put_account(account("a", 2, Active));
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Recovered);
    assert_eq!(seen_at(&tenant, 1, 100), SessionState::Created);
}

/// Two open sessions of one provider.
fn two_open() -> TenantState {
    let mut tenant = TenantState::default();
    tenant.put_account(account("old", 7, Active));
    for session in [1, 2] {
        tenant.create(session, None);
        tenant.mint(session, 1);
    }
    tenant
}

#[test]
fn an_account_that_did_not_move_after_the_first_token_is_no_candidate() {
    let mut tenant = two_open();
    tenant.fact(2, LinkSessionChange::Cancelled, 2);
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Waiting);
    tenant.put_account(account("old", 8, Active));
    assert_eq!(
        verdict(&tenant, 1, &NOTHING),
        Some((Verified, vec![])),
        "an edit"
    );
}

/// A tenant of 300 accounts, each of whose states was confirmed a second after that before by the
/// clock of the processor, which is so many seconds ahead of the log's; minted for at second 1000.
fn minted_for_many(ahead: i64, account_id: Option<&str>) -> TenantState {
    let mut tenant = TenantState::default();
    for number in 0..300 {
        // The first ids are those that were confirmed first.
        let mut account = account(&format!("old{number:03}"), 7, Active);
        account.confirmed_at = Some(at(number + ahead).into());
        tenant.put_account(account);
    }
    tenant.create(1, account_id);
    tenant.mint(1, 1000);
    tenant
}

#[test]
fn of_a_tenant_with_many_accounts_clocks_do_not_tell_what_moved() {
    for ahead in [-2000, -60, 0, 60, 2000] {
        for id in ["new", "old000", "old150", "old299"] {
            let mut tenant = minted_for_many(ahead, None);
            assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Waiting, "{ahead}");
            let mut moved = account(id, 8, Active);
            moved.confirmed_at = Some(at(1001 + ahead).into());
            tenant.put_account(moved);
            let verified = Some((Verified, vec![]));
            assert_eq!(verdict(&tenant, 1, &NOTHING), verified, "{id}, {ahead}");
        }
        let mut tenant = minted_for_many(ahead, Some("old000"));
        assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Waiting, "{ahead}");
        let mut moved = account("old000", 8, Active);
        moved.confirmed_at = Some(at(1001 + ahead).into());
        tenant.put_account(moved);
        assert_eq!(verdict(&tenant, 1, &NOTHING), Some((Verified, vec![])));
    }
}

#[test]
fn an_account_that_is_not_listed_is_anothers_where_that_was_settled_later() {
    for (settled_at, expected) in [(999, Some((Verified, vec![]))), (1002, None)] {
        let mut tenant = minted_for_many(0, None);
        tenant.create(2, None);
        tenant.mint(2, 500);
        tenant.fact(2, settled(Verified, "old000", 7), settled_at);
        let mut moved = account("old000", 8, Active);
        moved.confirmed_at = Some(at(1003).into());
        tenant.put_account(moved);
        assert_eq!(verdict(&tenant, 1, &NOTHING), expected, "{settled_at}");
    }
}

#[test]
fn two_sessions_of_one_provider_and_one_account_need_a_hint() {
    let mut tenant = two_open();
    tenant.put_account(account("new", 1, Active));
    let either = Standing::Ambiguous(Some(id("new")));
    assert_eq!(standing(&tenant, 1, &NOTHING), either);
    tenant.put_account(account("other", 1, Active));
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Ambiguous(None));
    tenant.remove_account(&id("other"));
    assert_eq!(seen_at(&tenant, 1, 100), SessionState::Linking);
    tenant.fact(1, hinted("new"), 3);
    assert_eq!(verdict(&tenant, 1, &NOTHING), Some((Verified, vec![])));
    assert_eq!(
        standing(&tenant, 2, &NOTHING),
        Standing::Waiting,
        "it is the other's"
    );
    assert_eq!(
        tenant.fact(1, settled(Verified, "new", 1), 4),
        Folded::Counted
    );
    assert_eq!(
        tenant.fact(2, settled(Verified, "new", 1), 4),
        Folded::Ignored
    );
    assert_eq!(standing(&tenant, 2, &NOTHING), Standing::Waiting);
    // One that is asked for later may edit it.
    tenant.create(3, None);
    tenant.mint(3, 5);
    tenant.fact(2, LinkSessionChange::Cancelled, 6);
    tenant.put_account(account("new", 2, Active));
    assert_eq!(verdict(&tenant, 3, &NOTHING), Some((Verified, vec![])));
    assert_eq!(
        tenant.fact(3, settled(Verified, "new", 2), 7),
        Folded::Counted
    );
}

/// Sessions 1 and 2 with these labels, and an account with the label `plant` that came afterwards.
fn labelled(labels: [Option<&str>; 2]) -> TenantState {
    let mut tenant = TenantState::default();
    for (session, label) in (1..).zip(labels) {
        let mut created = created(None);
        created.label = label.map(str::to_owned);
        tenant.fact(session, LinkSessionChange::Created(Box::new(created)), 0);
        tenant.mint(session, 1);
    }
    let mut new = account("new", 1, Active);
    new.about = Some(about(Some("plant")));
    tenant.put_account(new);
    tenant
}

#[test]
fn an_equal_label_goes_before_the_provider() {
    let tenant = labelled([None, Some("plant")]);
    assert_eq!(verdict(&tenant, 2, &NOTHING), Some((Verified, vec![])));
    let either = Standing::Ambiguous(Some(id("new")));
    assert_eq!(standing(&tenant, 1, &NOTHING), either);
}

#[test]
fn of_two_sessions_with_one_label_the_one_whose_page_names_the_account_has_it() {
    let mut tenant = labelled([Some("plant"); 2]);
    for session in [1, 2] {
        let either = Standing::Ambiguous(Some(id("new")));
        assert_eq!(standing(&tenant, session, &NOTHING), either);
    }
    tenant.fact(2, hinted("new"), 3);
    assert_eq!(
        standing(&tenant, 1, &NOTHING),
        Standing::Waiting,
        "was left"
    );
    assert_eq!(verdict(&tenant, 2, &NOTHING), Some((Verified, vec![])));
}

#[test]
fn an_account_that_is_gone_when_it_is_looked_at_fails_the_session_that_made_it() {
    let mut tenant = two_open();
    tenant.fact(1, hinted("new"), 3);
    tenant.put_account(account("new", 1, Unlinked));
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Linked(id("new")));
    let gone = Some((LinkOutcome::Failed, vec![LinkReason::AccountGone]));
    assert_eq!(verdict(&tenant, 1, &LOOKED), gone);
}

#[test]
fn a_hint_that_names_anothers_account_is_passed_over() {
    let mut tenant = two_open();
    tenant.fact(2, LinkSessionChange::Cancelled, 2);
    tenant.fact(1, hinted("theirs"), 3);
    let foreign = Seen {
        owner: Owner::Another,
        ..NOTHING
    };
    assert_eq!(standing(&tenant, 1, &foreign), Standing::Waiting);
    assert_eq!(
        standing(&tenant, 1, &NOTHING),
        Standing::Linked(id("theirs"))
    );
    tenant.put_account(account("new", 1, Active));
    assert_eq!(
        verdict(&tenant, 1, &foreign),
        Some((Verified, vec![])),
        "by provider"
    );
}

#[test]
fn an_account_that_is_nowhere_or_does_not_become_active_fails_and_may_be_verified_later() {
    let mut tenant = two_open();
    tenant.fact(1, hinted("new"), 3);
    let not_found = Some((LinkOutcome::Failed, vec![LinkReason::NotFound]));
    assert_eq!(verdict(&tenant, 1, &MISSING), not_found);
    tenant.put_account(account("new", 1, Failed));
    assert_eq!(standing(&tenant, 1, &NOTHING), Standing::Linked(id("new")));
    let refused = Some((LinkOutcome::Failed, vec![LinkReason::StillRefused]));
    assert_eq!(verdict(&tenant, 1, &LOOKED), refused);
    tenant.fact(1, settled(LinkOutcome::Failed, "new", 1), 4);
    assert_eq!(
        standing(&tenant, 1, &LOOKED),
        Standing::Waiting,
        "it is said already"
    );
    tenant.put_account(account("new", 2, Active));
    assert_eq!(verdict(&tenant, 1, &LOOKED), Some((Verified, vec![])));
}

#[test]
fn an_account_of_a_cancelled_session_is_seen_while_its_token_is_good_and_no_session_is_open() {
    let came = |tenant: &TenantState, seconds| {
        let session = tenant.session(Uuid::from_u128(1)).unwrap();
        tenant.came_after_cancel(session, at(seconds))
    };
    let mut tenant = two_open();
    tenant.fact(1, LinkSessionChange::Cancelled, 2);
    assert!(!came(&tenant, 100), "nothing has come");
    tenant.put_account(account("new", 1, Active));
    assert!(!came(&tenant, 100), "it may be the other's");
    tenant.fact(2, settled(Verified, "new", 1), 3);
    assert!(!came(&tenant, 100), "it is the other's");
    tenant.put_account(account("newer", 1, Active));
    assert!(came(&tenant, 100));
    assert!(!came(&tenant, DAY));
}

#[test]
fn a_tenant_has_the_name_of_its_oldest_account_and_else_of_its_first_session() {
    let mut tenant = TenantState::default();
    assert_eq!(tenant.name(), None);
    for (session, name, seconds) in [(1, "First", 1), (2, "Second", 2)] {
        let mut created = created(None);
        created.tenant_name = name.to_owned();
        tenant.fact(
            session,
            LinkSessionChange::Created(Box::new(created)),
            seconds,
        );
    }
    assert_eq!(tenant.name(), Some("First"));
    for (name, created) in [("Newer", 20), ("Oldest", 10), ("Newest", 30)] {
        let mut dated = account(name, 1, Active);
        dated.about = Some(about_of(name, at(created)));
        tenant.put_account(dated);
    }
    tenant.put_account(account("undated", 1, Active));
    assert_eq!(tenant.name(), Some("Oldest"));
}

#[test]
fn a_session_that_has_ended_is_forgotten_after_a_week() {
    let mut tenant = tenant_in(SessionState::Verified);
    assert!(tenant.forget(at(6 * DAY)).is_empty());
    assert_eq!(tenant.forget(at(8 * DAY)), [Uuid::from_u128(1)]);
    assert!(tenant.is_empty());
}

#[test]
fn a_mailed_link_that_has_expired_is_remembered_for_a_week_from_then() {
    let mut tenant = TenantState::default();
    let month = LinkSessionCreated {
        expires_in: 30 * 24 * 60 * 60,
        ..created(None)
    };
    tenant.fact(1, LinkSessionChange::Created(Box::new(month)), 0);
    tenant.fact(1, LinkSessionChange::Opened, 10);
    assert!(tenant.forget(at(36 * DAY)).is_empty());
    assert_eq!(seen_at(&tenant, 1, 36 * DAY), SessionState::Expired);
    assert_eq!(tenant.forget(at(38 * DAY)), [Uuid::from_u128(1)]);
}

#[test]
fn an_account_is_not_taken_twice_because_the_session_that_has_it_is_forgotten() {
    let mut tenant = TenantState::default();
    let month = LinkSessionCreated {
        expires_in: 30 * 24 * 60 * 60,
        ..created(None)
    };
    tenant.fact(1, LinkSessionChange::Created(Box::new(month)), 0);
    tenant.mint(1, 10);
    tenant.create(2, None);
    tenant.mint(2, 20);
    tenant.fact(2, hinted("a"), 30);
    tenant.put_account(account("a", 1, Active));
    tenant.fact(2, settled(Verified, "a", 1), 40);
    assert_eq!(seen_at(&tenant, 1, 10 * DAY), SessionState::Linking);
    tenant.forget(at(10 * DAY));
    assert_eq!(seen_at(&tenant, 1, 10 * DAY), SessionState::Linking);
    let folded = tenant.fact(1, settled(Verified, "a", 1), 10 * DAY);
    assert_eq!(
        folded,
        Folded::Ignored,
        "as on a replica that has just started"
    );
    assert_eq!(tenant.forget(at(38 * DAY)).len(), 2);
}

fn any_change() -> impl Strategy<Value = LinkSessionChange> {
    prop_oneof![
        Just(LinkSessionChange::Opened),
        Just(LinkSessionChange::TokenMinted(TokenMinted::default())),
        Just(hinted("a")),
        Just(LinkSessionChange::Cancelled),
        Just(settled(Verified, "a", 1)),
        Just(settled(LinkOutcome::Failed, "a", 1)),
    ]
}

proptest! {
    #[test]
    fn nothing_follows_a_final_state_and_failed_is_followed_by_few(
        changes in proptest::collection::vec((0..2u128, any_change(), 0..4000i64), 0..40)
    ) {
        let mut tenant = TenantState::default();
        tenant.create(0, None);
        tenant.create(1, None);
        let mut now = 0;
        for (session, change, later) in changes {
            let before = seen_at(&tenant, session, now);
            now += later / 100;
            let is_over = seen_at(&tenant, session, now);
            let folded = tenant.fact(session, change, now);
            let after = seen_at(&tenant, session, now);
            if before.is_final() {
                prop_assert_eq!(after, before);
            }
            if is_over.is_final() {
                prop_assert_eq!(folded, Folded::Ignored);
            }
            if before == SessionState::Failed {
                let may_be = [SessionState::Failed, SessionState::Verified, SessionState::Cancelled];
                prop_assert!(may_be.contains(&after));
            }
        }
        let verified = tenant.sessions().iter().filter(|session| session.is_verified());
        prop_assert!(verified.count() <= 1, "an account verifies one of them");
    }
}
