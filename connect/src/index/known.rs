//! What an index holds, behind its lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use stackone_link_schemas::AccountId;
use uuid::Uuid;

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

impl Known {
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
