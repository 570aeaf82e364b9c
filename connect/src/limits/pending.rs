//! What each tenant has asked for and no fact says yet, so that requests that come at once do not
//! pass a limit together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::problem::{Problem, Reason};
use crate::tenant_key::TenantKey;

/// The pending requests of each tenant. A tenant without any takes no memory.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<HashMap<TenantKey, usize>>);

/// A request that is pending until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<'p> {
    pending: &'p Pending,
    tenant: TenantKey,
    /// How many were pending when this came.
    before: usize,
}

impl Pending {
    /// Adds a request of a tenant. What it has used is looked up afterwards: then each request is
    /// in that or among those that are pending.
    pub(crate) fn hold(&self, tenant: &TenantKey) -> Held<'_> {
        let mut pending = self.lock();
        let of_tenant = pending.entry(tenant.clone()).or_default();
        let before = *of_tenant;
        *of_tenant += 1;
        Held {
            pending: self,
            tenant: tenant.clone(),
            before,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantKey, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Refuses the request where the tenant, which has `used` so many, asks for more than `most`.
    pub(crate) fn check(&self, used: usize, most: usize) -> Result<(), Problem> {
        match used.saturating_add(self.before) < most {
            true => Ok(()),
            false => Err(Reason::TooManyRequests.into()),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut pending = self.pending.lock();
        if let Some(of_tenant) = pending.get_mut(&self.tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                pending.remove(&self.tenant);
            }
        }
    }
}
