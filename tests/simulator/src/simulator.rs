//! The handle on a running simulator.

mod lifecycle;
mod linking;
mod truth;
mod webhooks;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::ServerHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::{Account, AccountId, NewAccount};
use crate::account_status::{AccountStatus, StatusReason};
use crate::account_store::{AccountError, AccountStore};
use crate::api::{ApiRequestCount, RequestCounts};
use crate::delivery::courier::Courier;
use crate::fault_switches::FaultSwitches;
use crate::listing::ListSettings;
use crate::notify::Notify;
use crate::project::{Project, Projects, WebhookTarget};
use crate::rate_limit::RateLimit;
use crate::session::OrganizationId;
use crate::session_store::SessionStore;
use crate::timestamp;

pub use webhooks::CustomWebhook;

/// A running simulator. Clones are handles on the same one.
#[derive(Debug, Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    api_address: SocketAddr,
    control_address: SocketAddr,
    projects: Projects,
    accounts: Mutex<AccountStore>,
    sessions: Mutex<SessionStore>,
    public_url: Option<String>,
    organization_id: OrganizationId,
    faults: FaultSwitches,
    rates: Mutex<HashMap<String, RateLimit>>,
    rate_limit: NonZeroU32,
    lists: ListSettings,
    requests: RequestCounts,
    courier: Courier,
    servers: Mutex<Vec<ServerHandle>>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Simulator {
    /// The accounts API's base URL, without a slash at its end.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.inner.api_address)
    }

    /// The switches' base URL, without a slash at its end.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}", self.inner.control_address)
    }

    /// Changes where a project's webhooks go from now on, retries included; `None` stops them.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn set_webhook(
        &self,
        project_id: &str,
        target: Option<WebhookTarget>,
    ) -> Result<(), AccountError> {
        self.project(Some(project_id))?.set_target(target);
        Ok(())
    }

    /// Changes which API keys of a project are valid from now on: while one is rotated, two are.
    ///
    /// # Errors
    ///
    /// When there is no such project.
    pub fn set_api_keys(&self, project_id: &str, keys: &[&str]) -> Result<(), AccountError> {
        let keys: Vec<_> = keys.iter().map(|key| (*key).into()).collect();
        self.project(Some(project_id))?.set_keys(&keys);
        Ok(())
    }

    /// Links an account. From now on the API knows it.
    ///
    /// # Errors
    ///
    /// When the project is unknown, or the id that was asked for is linked already.
    pub fn link(&self, new: &NewAccount) -> Result<AccountId, AccountError> {
        let project = self.project(new.project_id.as_deref())?;
        let account = self.accounts().link(&project.id, new, timestamp::now())?;
        self.announce(&account, "account.created", new.notify);
        Ok(account.id)
    }

    /// Changes what the API says about an account, and causes `account.updated`.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn set_status(
        &self,
        id: &AccountId,
        status: AccountStatus,
        reasons: Vec<StatusReason>,
        notify: Notify,
    ) -> Result<(), AccountError> {
        let account = self
            .accounts()
            .set_status(id, status, reasons, timestamp::now())?;
        self.announce(&account, "account.updated", notify);
        Ok(())
    }

    /// Changes nothing but `updated_at`, as new credentials do, and causes `account.updated`.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn refresh_credentials(&self, id: &AccountId, notify: Notify) -> Result<(), AccountError> {
        let account = self.accounts().refresh(id, timestamp::now())?;
        self.announce(&account, "account.updated", notify);
        Ok(())
    }

    /// Gives an account another label, and causes `account.updated`.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn set_label(
        &self,
        id: &AccountId,
        label: Option<String>,
        notify: Notify,
    ) -> Result<(), AccountError> {
        let account = self.accounts().set_label(id, label, timestamp::now())?;
        self.announce(&account, "account.updated", notify);
        Ok(())
    }

    /// Unlinks an account: the API answers 404 from now on. Causes `account.deleted`.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn unlink(&self, id: &AccountId, notify: Notify) -> Result<(), AccountError> {
        let account = self.accounts().unlink(id, timestamp::now())?;
        self.announce(&account, "account.deleted", notify);
        Ok(())
    }

    /// An account as it is now, unlinked ones included.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<Account> {
        self.accounts().get(id, timestamp::now()).cloned()
    }

    /// All linked accounts as they are now, oldest first.
    #[must_use]
    pub fn linked_accounts(&self) -> Vec<Account> {
        self.accounts()
            .linked(None, timestamp::now())
            .cloned()
            .collect()
    }

    /// The switches for what goes wrong with the accounts API.
    #[must_use]
    pub fn faults(&self) -> &FaultSwitches {
        &self.inner.faults
    }

    /// How often the accounts API was asked, and what it answered.
    #[must_use]
    pub fn api_requests(&self) -> Vec<ApiRequestCount> {
        self.inner.requests.list()
    }

    fn project(&self, id: Option<&str>) -> Result<&Arc<Project>, AccountError> {
        let unknown = || AccountError::UnknownProject(id.unwrap_or_default().to_owned());
        self.inner.projects.by_id(id).ok_or_else(unknown)
    }

    fn accounts(&self) -> MutexGuard<'_, AccountStore> {
        lock(&self.inner.accounts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
