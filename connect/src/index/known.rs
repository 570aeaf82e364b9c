//! What an index holds, behind its lock.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use stackone_link_schemas::{AccountId, AccountPhase};
use uuid::Uuid;

use crate::account::Account;
use crate::session::{Folded, TenantState};
use crate::tenant::TenantKey;

/// All that was read.
#[derive(Default)]
pub(super) struct Known {
    pub(super) tenants: HashMap<Arc<TenantKey>, TenantState>,
    pub(super) sessions: HashMap<Uuid, Arc<TenantKey>>,
    /// Whose each account is; nobody's where it was unlinked before we looked.
    pub(super) accounts: HashMap<AccountId, Option<Arc<TenantKey>>>,
    /// What became of the newest facts, by where they were read.
    pub(super) newest: VecDeque<((i32, i64), Folded)>,
}

/// A tenant of which something changed, and its sessions, of which there are some.
pub(super) type Changed = (Arc<TenantKey>, Vec<Uuid>);

impl Known {
    /// Puts an account, of this owner where the record names one, in the place of what was known of it.
    /// Returns the tenants, the former and the present one, whose sessions it may concern.
    pub(super) fn put_account(
        &mut self,
        account: Account,
        owner: Option<TenantKey>,
    ) -> [Option<Changed>; 2] {
        let slot = self.accounts.entry(account.id.clone());
        let before = match &slot {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(_) => None,
        };
        let Some(owner) = owner.map(Arc::new).or_else(|| before.clone()) else {
            if account.phase == AccountPhase::Unlinked {
                slot.insert_entry(None);
            }
            return [None, None];
        };
        // Both maps are asked once: a million accounts are in no cache.
        let tenant = self.tenants.entry(owner);
        let owner = Arc::clone(tenant.key());
        slot.insert_entry(Some(Arc::clone(&owner)));
        let moved = before.filter(|before| *before != owner);
        let id = moved.is_some().then(|| account.id.clone());
        let tenant = tenant.or_default();
        tenant.put_account(account);
        let told = changed(owner, tenant);
        let former = moved.zip(id);
        [former.and_then(|(of, id)| self.take_from(of, &id)), told]
    }

    /// Forgets that a tenant has an account.
    fn take_from(&mut self, key: Arc<TenantKey>, id: &AccountId) -> Option<Changed> {
        let tenant = self.tenants.get_mut(&key)?;
        drop(tenant.remove_account(id));
        let changed = changed(Arc::clone(&key), tenant);
        self.drop_if_empty(&key);
        changed
    }

    /// The sessions of a tenant.
    pub(super) fn sessions_of(&self, tenant: &TenantKey) -> Vec<Uuid> {
        self.tenants
            .get(tenant)
            .map(sessions_of)
            .unwrap_or_default()
    }

    pub(super) fn remove_account(&mut self, id: &AccountId) -> Option<Arc<TenantKey>> {
        let tenant = self.accounts.remove(id).flatten()?;
        drop(self.take_from(Arc::clone(&tenant), id));
        Some(tenant)
    }

    pub(super) fn drop_if_empty(&mut self, tenant: &TenantKey) {
        if self.tenants.get(tenant).is_some_and(TenantState::is_empty) {
            self.tenants.remove(tenant);
        }
    }
}

fn changed(key: Arc<TenantKey>, tenant: &TenantState) -> Option<Changed> {
    let sessions = sessions_of(tenant);
    (!sessions.is_empty()).then_some((key, sessions))
}

fn sessions_of(tenant: &TenantState) -> Vec<Uuid> {
    tenant.sessions().iter().map(|one| one.id).collect()
}
