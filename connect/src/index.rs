//! What this replica has read: all sessions and accounts, by tenant. Written by the threads that
//! follow the topics, read by requests.

mod accounts;
mod known;
mod newest;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountStateView, LinkSessionFact};
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

use crate::account::Account;
use crate::session::{Folded, Owner, Session, TenantState};
use crate::subscribers::{Subscribers, Subscription};
use crate::tenant::TenantKey;
use known::{Changed, Known};
use newest::Place;

/// All there is to know.
pub(crate) struct Index {
    /// A single project without an id: then accounts of any project are its own.
    is_anonymous: bool,
    known: RwLock<Known>,
    /// Tenants with sessions of which something changed, for who settles them.
    changed: Mutex<HashSet<Arc<TenantKey>>>,
    pub(crate) has_changed: Notify,
    /// Who follows a session, or waits until it is read.
    sessions: Subscribers<Uuid>,
    /// Who waits until the fact is read that it has written.
    facts: Subscribers<Place>,
}

impl Index {
    pub(crate) fn new(is_anonymous: bool) -> Self {
        Self {
            is_anonymous,
            known: RwLock::default(),
            changed: Mutex::default(),
            has_changed: Notify::new(),
            sessions: Subscribers::default(),
            facts: Subscribers::default(),
        }
    }

    /// Takes in a fact that was read at this place; nothing where the record is none.
    pub(crate) fn take_fact(
        &self,
        fact: Option<LinkSessionFact>,
        at: Timestamp,
        place: Place,
    ) -> Option<Folded> {
        let id = fact.as_ref().map(|fact| fact.session_id);
        let folded = self.write().take_fact(fact, at, place);
        if let (Some(id), Some(Folded::Counted)) = (id, folded) {
            // Of a tenant with thousands of sessions it takes long to say which a fact concerns,
            // and nobody asks while a replica reads what there was.
            let is_followed = !self.sessions.is_empty();
            let changed = self.read().changed_by_fact(id, is_followed);
            self.tell(changed);
        }
        self.facts.tell(&[place]);
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
        let changed = self.write().put_account(account, owner);
        self.tell(changed.into_iter().flatten());
    }

    /// Takes in a tombstone of the state topic.
    pub(crate) fn forget_account(&self, id: &AccountId) {
        let changed = self.write().remove_account(id);
        self.tell(changed);
    }

    /// Forgets sessions that have been final for a week.
    pub(crate) fn forget_sessions(&self, now: Timestamp) {
        let tenants: HashSet<_> = self.read().sessions.values().cloned().collect();
        for tenant in tenants {
            // Each by itself: requests must not wait for all of them.
            self.write().forget_sessions(&tenant, now);
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
            Some(account) => match &account.owner {
                None => Owner::Gone,
                Some(owner) if **owner == *tenant => Owner::Ours,
                Some(_) => Owner::Another,
            },
        }
    }

    /// Waits until the fact at this place was taken in, and says what became of it.
    pub(crate) async fn has_read(&self, place: Place, within: Duration) -> Option<Folded> {
        let changes = self.facts.subscribe(place);
        let folded = |known: &Known| known.newest.get(place);
        self.wait(changes, within, folded).await
    }

    /// Waits for a session. False where it does not come.
    pub(crate) async fn has_session(&self, id: Uuid, within: Duration) -> bool {
        let changes = self.sessions.subscribe(id);
        let is_there = |known: &Known| known.sessions.contains_key(&id).then_some(());
        self.wait(changes, within, is_there).await.is_some()
    }

    /// Looks now, and again at each change until something is found.
    async fn wait<K: Copy + Eq + Hash, T>(
        &self,
        mut changes: Subscription<K>,
        within: Duration,
        find: impl Fn(&Known) -> Option<T>,
    ) -> Option<T> {
        let wait = async {
            loop {
                let found = find(&self.read());
                if found.is_some() {
                    return found;
                }
                changes.changed().await.ok()?;
            }
        };
        timeout(within, wait).await.ok().flatten()
    }

    /// The tenants of which something changed since this was asked last.
    pub(crate) fn take_changed(&self) -> HashSet<Arc<TenantKey>> {
        std::mem::take(&mut lock(&self.changed))
    }

    /// Tells those whom it concerns, and nobody else.
    fn tell(&self, changed: impl IntoIterator<Item = Changed>) {
        for Changed { tenant, sessions } in changed {
            self.sessions.tell(&sessions);
            lock(&self.changed).insert(tenant);
            self.has_changed.notify_one();
        }
    }

    /// Tells who follows a session that something about it changed which no record says.
    pub(crate) fn wake(&self, session: Uuid) {
        self.sessions.tell(&[session]);
    }

    /// Hears of each change of a session, the newest only.
    pub(crate) fn follow(&self, id: Uuid) -> Subscription<Uuid> {
        self.sessions.subscribe(id)
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
