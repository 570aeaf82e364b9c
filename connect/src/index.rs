//! What this replica has read: all sessions and accounts, by tenant. Written by the threads that follow the
//! topics, read by requests.

mod known;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountStateView, LinkSessionFact};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use uuid::Uuid;

use crate::account::Account;
use crate::session::{Folded, Owner, Session, TenantState};
use crate::tenant::TenantKey;
use known::Known;

/// So many facts are remembered by their places: more than are written while one waits for its own.
const NEWEST: usize = 4096;

/// All there is to know.
pub(crate) struct Index {
    /// A single project without an id: then accounts of any project are its own.
    is_anonymous: bool,
    known: RwLock<Known>,
    /// Raised with each fact, for those who wait for their own.
    revision: watch::Sender<u64>,
    /// Tenants with sessions of which something changed, for who settles them.
    changed: Mutex<HashSet<Arc<TenantKey>>>,
    pub(crate) has_changed: Notify,
    /// Who follows a session.
    followers: Mutex<HashMap<Uuid, watch::Sender<()>>>,
}

impl Index {
    pub(crate) fn new(is_anonymous: bool) -> Self {
        Self {
            is_anonymous,
            known: RwLock::default(),
            revision: watch::Sender::new(0),
            changed: Mutex::default(),
            has_changed: Notify::new(),
            followers: Mutex::default(),
        }
    }

    /// Takes in a fact that was read at this place; nothing where the record is none.
    pub(crate) fn take_fact(
        &self,
        fact: Option<LinkSessionFact>,
        at: Timestamp,
        place: (i32, i64),
    ) -> Option<Folded> {
        let folded = fact.map(|fact| {
            let key = Arc::new(TenantKey {
                project: fact.project_id.clone(),
                id: fact.tenant_id.clone(),
            });
            let id = fact.session_id;
            let mut known = self.write();
            let folded = known
                .tenants
                .entry(Arc::clone(&key))
                .or_default()
                .apply(fact, at);
            match folded {
                Folded::Counted => {
                    known.sessions.insert(id, Arc::clone(&key));
                }
                Folded::Ignored => {}
                Folded::Orphan => known.drop_if_empty(&key),
            }
            drop(known);
            self.tell(&key);
            folded
        });
        let mut known = self.write();
        known.newest.truncate(NEWEST - 1);
        known
            .newest
            .push_front((place, folded.unwrap_or(Folded::Ignored)));
        drop(known);
        self.revision.send_modify(|revision| *revision += 1);
        folded
    }

    /// Takes in a record of the state topic.
    pub(crate) fn take_state(&self, state: AccountStateView<'_>) {
        let project = state.project_id.as_deref().filter(|_| !self.is_anonymous);
        let owner = state.account.as_ref().map(|account| TenantKey {
            project: project.map(str::to_owned),
            id: account.origin_owner_id.as_ref().to_owned(),
        });
        let account = Account::of(state);
        let mut known = self.write();
        let told = known.put_account(account, owner);
        drop(known);
        for (tenant, sessions) in told.into_iter().flatten() {
            self.tell_of(&tenant, &sessions);
        }
    }

    /// Takes in a tombstone of the state topic.
    pub(crate) fn forget_account(&self, id: &AccountId) {
        let tenant = self.write().remove_account(id);
        if let Some(tenant) = tenant {
            self.tell(&tenant);
        }
    }

    /// Forgets sessions that have been final for a week.
    pub(crate) fn forget_sessions(&self, now: Timestamp) {
        let mut known = self.write();
        let tenants: HashSet<_> = known.sessions.values().cloned().collect();
        for tenant in tenants {
            let forgotten = known
                .tenants
                .get_mut(&tenant)
                .map(|state| state.forget(now));
            for id in forgotten.into_iter().flatten() {
                known.sessions.remove(&id);
            }
            known.drop_if_empty(&tenant);
        }
    }

    /// Looks at a tenant.
    pub(crate) fn tenant<T>(&self, key: &TenantKey, look: impl FnOnce(&TenantState) -> T) -> T {
        let known = self.read();
        match known.tenants.get(key) {
            Some(tenant) => look(tenant),
            None => look(&TenantState::default()),
        }
    }

    /// Looks at a session and its tenant.
    pub(crate) fn session<T>(
        &self,
        id: Uuid,
        look: impl FnOnce(&TenantKey, &TenantState, &Session) -> T,
    ) -> Option<T> {
        let known = self.read();
        let key = known.sessions.get(&id)?;
        let tenant = known.tenants.get(key)?;
        Some(look(key, tenant, tenant.session(id)?))
    }

    /// Whose the account is, for this tenant.
    pub(crate) fn owner(&self, account: &AccountId, tenant: &TenantKey) -> Owner {
        match self.read().accounts.get(account) {
            None => Owner::Nobody,
            Some(None) => Owner::Gone,
            Some(Some(owner)) if **owner == *tenant => Owner::Ours,
            Some(Some(_)) => Owner::Another,
        }
    }

    /// Waits until the fact at this place was taken in, and says what became of it.
    pub(crate) async fn has_read(
        &self,
        partition: i32,
        offset: i64,
        within: Duration,
    ) -> Option<Folded> {
        let folded = |known: &Known| {
            let mut newest = known.newest.iter();
            let found = newest.find(|(place, _)| *place == (partition, offset));
            found.map(|(_, folded)| *folded)
        };
        self.wait(within, folded).await
    }

    /// Waits for a session. False where it does not come.
    pub(crate) async fn has_session(&self, id: Uuid, within: Duration) -> bool {
        let is_there = |known: &Known| known.sessions.contains_key(&id).then_some(());
        self.wait(within, is_there).await.is_some()
    }

    async fn wait<T>(&self, within: Duration, find: impl Fn(&Known) -> Option<T>) -> Option<T> {
        let mut revision = self.revision.subscribe();
        let wait = async {
            loop {
                let found = find(&self.read());
                if found.is_some() {
                    return found;
                }
                revision.changed().await.ok()?;
            }
        };
        timeout(within, wait).await.ok().flatten()
    }

    /// The tenants of which something changed since this was asked last.
    pub(crate) fn take_changed(&self) -> HashSet<Arc<TenantKey>> {
        std::mem::take(&mut lock(&self.changed))
    }

    /// Something may have changed of a tenant although no record says so.
    pub(crate) fn tell(&self, tenant: &Arc<TenantKey>) {
        let sessions = self.read().sessions_of(tenant);
        if !sessions.is_empty() {
            self.tell_of(tenant, &sessions);
        }
    }

    fn tell_of(&self, tenant: &Arc<TenantKey>, sessions: &[Uuid]) {
        let followers = lock(&self.followers);
        for follower in sessions.iter().filter_map(|id| followers.get(id)) {
            follower.send_replace(());
        }
        drop(followers);
        lock(&self.changed).insert(Arc::clone(tenant));
        self.has_changed.notify_one();
    }

    /// Hears of each change of a session, the newest only.
    pub(crate) fn follow(&self, id: Uuid) -> watch::Receiver<()> {
        let mut followers = lock(&self.followers);
        followers.retain(|_, follower| follower.receiver_count() > 0);
        let follower = followers
            .entry(id)
            .or_insert_with(|| watch::Sender::new(()));
        follower.subscribe()
    }

    /// How many sessions and accounts are known.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let known = self.read();
        (known.sessions.len(), known.accounts.len())
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::session::testing::{at, created, id};
    use stackone_link_schemas::{AccountState, LinkSessionChange};

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

    fn create(index: &Index, tenant: &str, session: u128) {
        let fact = LinkSessionFact {
            session_id: Uuid::from_u128(session),
            project_id: None,
            tenant_id: tenant.to_owned(),
            change: LinkSessionChange::Created(Box::new(created(None))),
        };
        index.take_fact(Some(fact), at(0), (0, i64::try_from(session).unwrap()));
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

    #[tokio::test]
    async fn who_wrote_a_fact_waits_until_it_was_read() {
        let index = Index::new(true);
        assert_eq!(index.has_read(0, 7, Duration::from_millis(1)).await, None);
        let (folded, ()) = tokio::join!(index.has_read(0, 7, Duration::from_secs(60)), async {
            create(&index, "t", 7);
        });
        assert_eq!(folded, Some(Folded::Counted));
        assert!(
            index
                .has_session(Uuid::from_u128(7), Duration::from_secs(60))
                .await
        );
        assert_eq!(index.has_read(1, 7, Duration::from_millis(1)).await, None);
    }

    #[tokio::test]
    async fn a_follower_hears_of_its_own_tenant_only() {
        let index = Index::new(true);
        create(&index, "t", 1);
        create(&index, "u", 2);
        let mut follower = index.follow(Uuid::from_u128(1));
        index.take_changed();
        index.take_state(state("b", Some("u"), 1));
        assert!(!follower.has_changed().unwrap());
        index.take_state(state("a", Some("t"), 1));
        assert!(follower.has_changed().unwrap());
        follower.borrow_and_update();
        let changed: Vec<_> = index
            .take_changed()
            .iter()
            .map(|key| key.id.clone())
            .collect();
        assert_eq!(changed.len(), 2);
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
                    state.accounts().iter().map(|account| account.id.to_string()).collect::<Vec<_>>()
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
}
