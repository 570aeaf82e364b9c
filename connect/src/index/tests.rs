use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::*;
use serde_json::json;
use stackone_link_schemas::{AccountState, LinkSessionChange, TokenMinted};
use tokio::task::unconstrained;

use super::*;
use crate::session::testing::{at, created, id};

fn key(tenant: &str) -> TenantKey {
    TenantKey {
        project: None,
        id: tenant.to_owned(),
    }
}

fn state(account: &str, tenant: Option<&str>, version: u64) -> AccountStateView<'static> {
    let phase = if tenant.is_some() {
        "active"
    } else {
        "unlinked"
    };
    let about = tenant.map(|tenant| json!({"provider": "p", "origin_owner_id": tenant}));
    let mut state =
        json!({"account_id": account, "state": phase, "version": version, "project_id": "x"});
    if let Some(about) = about {
        state["account"] = about;
    }
    let state: AccountState = serde_json::from_value(state).unwrap();
    state.into()
}

/// Takes a fact at this offset.
fn fact(index: &Index, tenant: &str, session: u128, change: LinkSessionChange, offset: i64) {
    let fact = LinkSessionFact {
        session_id: Uuid::from_u128(session),
        project_id: None,
        tenant_id: tenant.to_owned(),
        change,
    };
    let folded = index.take_fact(Some(fact), at(0), (0, offset));
    assert_eq!(folded, Some(Folded::Counted));
}

/// Takes the fact that creates a session, at the offset of its number.
fn create(index: &Index, tenant: &str, session: u128) {
    let change = LinkSessionChange::Created(Box::new(created(None)));
    fact(
        index,
        tenant,
        session,
        change,
        i64::try_from(session).unwrap(),
    );
}

#[test]
fn an_unlinked_account_stays_its_tenants_and_one_that_moved_does_not() {
    let index = Index::new(true);
    index.take_state(state("a", Some("t"), 1));
    index.take_state(state("a", None, 2));
    assert_eq!(index.owner(&id("a"), &key("t")), Owner::Ours);
    assert_eq!(index.owner(&id("a"), &key("u")), Owner::Another);
    index.take_state(state("a", Some("u"), 3));
    assert_eq!(index.owner(&id("a"), &key("u")), Owner::Ours);
    assert!(index.tenant(&key("t"), TenantState::is_empty));
    index.take_state(state("gone", None, 9));
    assert_eq!(index.owner(&id("gone"), &key("t")), Owner::Gone);
    index.forget_account(&id("a"));
    assert_eq!(index.owner(&id("a"), &key("u")), Owner::Nobody);
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn who_wrote_a_fact_waits_until_it_was_read() {
    let index = Index::new(true);
    let has_read = |place| timeout(LONG, index.has_read(place, Duration::from_millis(1)));
    assert_eq!(has_read((0, 7)).await, Ok(None));
    let (folded, ()) = tokio::join!(index.has_read((0, 7), LONG), async {
        create(&index, "t", 7);
    });
    assert_eq!(folded, Some(Folded::Counted));
    assert!(index.has_session(Uuid::from_u128(7), LONG).await);
    assert_eq!(has_read((1, 7)).await, Ok(None));
}

/// Counts how often a waiting request was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_fact_wakes_the_one_that_waits_for_it_and_not_all_who_wait() {
    let index = Index::new(true);
    let wakes: Arc<Wakes> = Arc::default();
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    // Tokio makes a task that has been polled often yield, which would count as a wake.
    let waiting = (1..=1000).map(|offset| unconstrained(index.has_read((0, offset), LONG)));
    let waiting = waiting.map(Box::pin);
    let mut waiting: Vec<_> = waiting.collect();
    for one in &mut waiting {
        assert!(one.as_mut().poll(&mut context).is_pending());
    }
    let mut comes = pin!(unconstrained(index.has_session(Uuid::from_u128(700), LONG)));
    assert!(comes.as_mut().poll(&mut context).is_pending());
    create(&index, "t", 700);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2, "of 1,001 who wait");
    let read = waiting[699].as_mut().poll(&mut context);
    assert_eq!(read, Poll::Ready(Some(Folded::Counted)));
    assert_eq!(comes.as_mut().poll(&mut context), Poll::Ready(true));
}

#[test]
fn of_10_000_followers_a_change_wakes_those_of_its_session() {
    let index = Index::new(true);
    let mut followers = Vec::new();
    let minted = || LinkSessionChange::TokenMinted(TokenMinted::default());
    for session in 0..1000_u128 {
        let tenant = format!("t{}", session / 20);
        create(&index, &tenant, session);
        fact(&index, &tenant, session, minted(), 10_000);
        followers.extend((0..10).map(|_| index.follow(Uuid::from_u128(session))));
    }
    index.take_changed();
    let mut told = || {
        let told = followers.iter_mut().map(Subscription::was_told);
        let told = told.enumerate().filter(|(_, was_told)| *was_told);
        told.map(|(follower, _)| follower).collect::<Vec<_>>()
    };
    let changed = || {
        let changed = index.take_changed();
        changed.iter().map(|key| key.id.clone()).collect::<Vec<_>>()
    };
    fact(&index, "t7", 145, LinkSessionChange::Cancelled, 20_000);
    assert_eq!(told(), (1450..1460).collect::<Vec<_>>());
    assert_eq!(changed(), ["t7"]);
    // The account may be the result of any of the tenant's pages.
    index.take_state(state("new", Some("t7"), 1));
    assert_eq!(told(), (1400..1600).collect::<Vec<_>>());
    assert_eq!(changed(), ["t7"]);
    index.forget_account(&id("new"));
    assert_eq!(told(), (1400..1600).collect::<Vec<_>>());
    assert_eq!(changed(), ["t7"]);
    index.take_state(state("other", Some("nobody's"), 1));
    assert_eq!((told(), changed()), (vec![], vec![]));
}

proptest! {
    #[test]
    fn nothing_of_one_tenant_is_another_s(
        records in proptest::collection::vec((0..4u8, proptest::option::of(0..3u8), 1..9u64), 0..60)
    ) {
        let index = Index::new(true);
        let mut owners = HashMap::new();
        for (account, tenant, version) in records {
            let tenant = tenant.map(|tenant| format!("t{tenant}"));
            index.take_state(state(&format!("a{account}"), tenant.as_deref(), version));
            if let Some(tenant) = tenant {
                owners.insert(format!("a{account}"), tenant);
            }
        }
        for tenant in ["t0", "t1", "t2"] {
            let seen = index.tenant(&key(tenant), |state| {
                state.accounts().map(|account| account.id.to_string()).collect::<Vec<_>>()
            });
            let mut own: Vec<_> = owners.iter()
                .filter(|(_, owner)| *owner == tenant).map(|(account, _)| account.clone()).collect();
            own.sort();
            prop_assert_eq!(&seen, &own);
            for account in seen {
                prop_assert_eq!(index.owner(&id(&account), &key(tenant)), Owner::Ours);
            }
        }
    }
}
