//! The content of an index, behind its lock.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountPhase, LinkSessionFact};
use uuid::Uuid;

use super::accounts::Accounts;
use super::newest::{Newest, Place};
use crate::account::Account;
use crate::session::{Folded, TenantState};
use crate::tenant::TenantKey;

/// Everything that was read so far.
#[derive(Default)]
pub(super) struct Known {
    /// In boxes, because half of a table that has doubled is empty.
    pub(super) tenants: HashMap<Arc<TenantKey>, Box<TenantState>>,
    pub(super) sessions: HashMap<Uuid, Arc<TenantKey>>,
    pub(super) accounts: Accounts,
    /// The results of the newest facts.
    pub(super) newest: Newest,
}

/// A tenant with sessions that a change concerns.
pub(super) struct Changed {
    pub(super) tenant: Arc<TenantKey>,
    pub(super) sessions: Vec<Uuid>,
}

impl Changed {
    fn of(tenant: Arc<TenantKey>, sessions: Vec<Uuid>) -> Option<Self> {
        (!sessions.is_empty()).then_some(Self { tenant, sessions })
    }
}

impl Known {
    /// Takes a fact that was read at this position. Returns `None` where the record is no fact.
    pub(super) fn take_fact(
        &mut self,
        fact: Option<LinkSessionFact>,
        at: Timestamp,
        place: Place,
    ) -> Option<Folded> {
        let folded = fact.map(|fact| self.fold(fact, at));
        self.newest.put(place, folded.unwrap_or(Folded::Ignored));
        folded
    }

    fn fold(&mut self, fact: LinkSessionFact, at: Timestamp) -> Folded {
        let id = fact.session_id;
        let key = TenantKey {
            project: fact.project_id.clone(),
            id: fact.tenant_id.clone(),
        };
        let tenant = self.tenants.entry(Arc::new(key));
        let key = Arc::clone(tenant.key());
        let folded = tenant.or_default().apply(fact, at);
        match folded {
            Folded::Counted => {
                self.sessions.insert(id, key);
            }
            Folded::Ignored => {}
            Folded::Orphan => self.drop_if_empty(&key),
        }
        folded
    }

    /// Returns the tenant that a fact of this session concerns, and where sessions are followed
    /// which others it concerns.
    pub(super) fn changed_by_fact(&self, session: Uuid, is_followed: bool) -> Option<Changed> {
        let key = self.sessions.get(&session)?;
        let concerned = match is_followed {
            true => self.tenants.get(key)?.concerned_by_fact(session),
            false => vec![session],
        };
        Changed::of(Arc::clone(key), concerned)
    }

    /// Replaces what was known of an account by a state, whose owner is `None` where the record
    /// names none. Returns the former and the present tenant, where the change may concern one of
    /// their sessions.
    pub(super) fn put_account(
        &mut self,
        mut account: Account,
        owner: Option<TenantKey>,
    ) -> [Option<Changed>; 2] {
        let known = self.accounts.get(&account.id);
        let before = known.and_then(|known| known.owner.clone());
        let Some(owner) = owner.map(Arc::new).or_else(|| before.clone()) else {
            if account.phase == AccountPhase::Unlinked {
                self.accounts.put(Arc::new(account));
            }
            return [None, None];
        };
        let tenant = self.tenants.entry(owner);
        let owner = Arc::clone(tenant.key());
        let tenant = tenant.or_default();
        account.owner = Some(Arc::clone(&owner));
        let account = Arc::new(account);
        self.accounts.put(Arc::clone(&account));
        let concerned = tenant.concerned_by_account(&account.id);
        tenant.put_account(Arc::clone(&account));
        let former = before.filter(|before| *before != owner);
        [
            former.and_then(|of| self.take_from(of, &account.id)),
            Changed::of(owner, concerned),
        ]
    }

    /// Removes an account from a tenant.
    fn take_from(&mut self, key: Arc<TenantKey>, id: &AccountId) -> Option<Changed> {
        let tenant = self.tenants.get_mut(&key)?;
        drop(tenant.remove_account(id));
        let concerned = tenant.concerned_by_account(id);
        self.drop_if_empty(&key);
        Changed::of(key, concerned)
    }

    /// Removes an account. Returns its tenant, where the change may concern one of its sessions.
    pub(super) fn remove_account(&mut self, id: &AccountId) -> Option<Changed> {
        let account = self.accounts.remove(id)?;
        self.take_from(account.owner.clone()?, id)
    }

    /// Removes sessions of a tenant that ended a week ago or earlier.
    pub(super) fn forget_sessions(&mut self, key: &TenantKey, now: Timestamp) {
        let tenant = self.tenants.get_mut(key);
        let forgotten = tenant.map(|tenant| tenant.forget(now)).unwrap_or_default();
        for id in forgotten {
            self.sessions.remove(&id);
        }
        self.drop_if_empty(key);
    }

    fn drop_if_empty(&mut self, tenant: &TenantKey) {
        if self
            .tenants
            .get(tenant)
            .is_some_and(|tenant| tenant.is_empty())
        {
            self.tenants.remove(tenant);
        }
    }
}
