//! What an index holds, behind its lock.

use std::collections::{HashMap, VecDeque};
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
        let before = self.accounts.get(&account.id).cloned().flatten();
        let owner = match owner {
            Some(owner) if before.as_deref() == Some(&owner) => before.clone(),
            Some(owner) => Some(self.shared(owner)),
            None => before.clone(),
        };
        let moved = before.filter(|before| owner.as_ref() != Some(before));
        if moved.is_some() {
            self.remove_account(&account.id);
        }
        match &owner {
            Some(owner) => {
                self.accounts
                    .insert(account.id.clone(), Some(Arc::clone(owner)));
                let tenant = self.tenants.entry(Arc::clone(owner)).or_default();
                tenant.put_account(account);
            }
            None if account.phase == AccountPhase::Unlinked => {
                self.accounts.insert(account.id, None);
            }
            None => {}
        }
        [moved, owner].map(|tenant| {
            let tenant = tenant?;
            let sessions = self.sessions_of(&tenant);
            (!sessions.is_empty()).then_some((tenant, sessions))
        })
    }

    /// The sessions of a tenant.
    pub(super) fn sessions_of(&self, tenant: &TenantKey) -> Vec<Uuid> {
        let sessions = self.tenants.get(tenant).map(TenantState::sessions);
        let sessions = sessions.into_iter().flatten();
        sessions.map(|session| session.id).collect()
    }

    /// The key as all that name it have it.
    pub(super) fn shared(&self, key: TenantKey) -> Arc<TenantKey> {
        match self.tenants.get_key_value(&key) {
            Some((shared, _)) => Arc::clone(shared),
            None => Arc::new(key),
        }
    }

    pub(super) fn remove_account(&mut self, id: &AccountId) -> Option<Arc<TenantKey>> {
        let tenant = self.accounts.remove(id).flatten()?;
        let removed = self
            .tenants
            .get_mut(&tenant)
            .map(|state| state.remove_account(id));
        drop(removed);
        self.drop_if_empty(&tenant);
        Some(tenant)
    }

    pub(super) fn drop_if_empty(&mut self, tenant: &TenantKey) {
        if self.tenants.get(tenant).is_some_and(TenantState::is_empty) {
            self.tenants.remove(tenant);
        }
    }
}
