//! What the accounts API asks of the model.

use std::time::Instant;

use serde_json::Value;

use crate::account::{Account, AccountId};
use crate::account_json::{ApiVersion, to_json};
use crate::api::RequestCounts;
use crate::listing::{ListQuery, ListSettings};
use crate::project::Projects;
use crate::rate_limit::{OverLimit, RateLimit};
use crate::simulator::{Simulator, lock};
use crate::timestamp;

impl Simulator {
    pub(crate) fn all_accounts(&self) -> Vec<Account> {
        self.accounts().all().to_vec()
    }

    pub(crate) fn projects(&self) -> &Projects {
        &self.inner.projects
    }

    pub(crate) fn requests(&self) -> &RequestCounts {
        &self.inner.requests
    }

    pub(crate) fn list_settings(&self) -> &ListSettings {
        &self.inner.lists
    }

    pub(crate) fn admit(&self, project_id: &str, now: Instant) -> Result<(), OverLimit> {
        let mut rates = lock(&self.inner.rates);
        rates
            .entry(project_id.to_owned())
            .or_insert_with(|| RateLimit::new(self.inner.rate_limit))
            .admit(now)
    }

    /// The account, if the project has it.
    pub(crate) fn account_json(
        &self,
        project_id: &str,
        id: &str,
        version: ApiVersion,
    ) -> Option<Value> {
        let mut accounts = self.accounts();
        accounts
            .get(&AccountId::from(id), timestamp::now())
            .filter(|account| !account.unlinked && account.project_id == project_id)
            .map(|account| to_json(account, version))
    }

    pub(crate) fn list_json(
        &self,
        project_id: &str,
        query: &ListQuery,
        version: ApiVersion,
    ) -> Vec<Value> {
        let mut accounts = self.accounts();
        let linked = accounts.linked(Some(project_id), timestamp::now());
        let page = query.select(linked, &self.inner.lists);
        page.into_iter()
            .map(|account| to_json(account, version))
            .collect()
    }
}
