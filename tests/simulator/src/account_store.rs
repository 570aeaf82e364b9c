//! The accounts that exist, and every way in which they change. No clock and no I/O: the time is an
//! argument.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::account::{Account, AccountId, NewAccount};
use crate::account_status::{AccountStatus, StatusReason};
use crate::timestamp::strictly_after;

/// Why an account could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No such account, or it was unlinked.
    #[error("no linked account has the id {0:?}")]
    NotFound(AccountId),
    /// The id that was asked for belongs to an account that is still linked.
    #[error("an account with the id {0:?} is linked already")]
    AlreadyLinked(AccountId),
    /// No such project is configured.
    #[error("no project {0:?} is configured")]
    UnknownProject(String),
}

/// The accounts of all projects, in the order in which they were linked.
#[derive(Debug)]
pub(crate) struct AccountStore {
    accounts: Vec<Account>,
    positions: HashMap<AccountId, usize>,
    random: fastrand::Rng,
}

impl AccountStore {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            accounts: Vec::new(),
            positions: HashMap::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// With these accounts, of which no two have one id.
    pub(crate) fn holding(accounts: Vec<Account>, seed: u64) -> Self {
        let mut store = Self::new(seed);
        accounts
            .into_iter()
            .for_each(|account| store.append(account));
        store
    }

    /// Every account, unlinked ones included.
    pub(crate) fn all(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn link(
        &mut self,
        project_id: &str,
        new: &NewAccount,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        let id = match &new.id {
            Some(id) => id.clone(),
            None => AccountId::generate(&mut self.random),
        };
        let former = self.positions.get(&id).copied();
        let now = match former.map(|position| &self.accounts[position]) {
            Some(account) if !account.unlinked => return Err(AccountError::AlreadyLinked(id)),
            Some(account) => strictly_after(account.updated_at, now),
            None => now,
        };
        let account = create(id, project_id, new, now);
        match former {
            Some(position) => self.accounts[position] = account.clone(),
            None => self.append(account.clone()),
        }
        Ok(account)
    }

    fn append(&mut self, account: Account) {
        self.positions
            .insert(account.id.clone(), self.accounts.len());
        self.accounts.push(account);
    }

    pub(crate) fn set_status(
        &mut self,
        id: &AccountId,
        status: AccountStatus,
        reasons: Vec<StatusReason>,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.change(id, now, |account| {
            account.status = status;
            account.status_reasons = reasons;
            account.status_changed_at = account.updated_at;
            account.activates_at = None;
        })
    }

    pub(crate) fn refresh(
        &mut self,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.change(id, now, |_dated_and_otherwise_the_same| {})
    }

    /// New credentials: it is active, and what they come with is added to its set-up information.
    pub(crate) fn sign_in_anew(
        &mut self,
        id: &AccountId,
        setup: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.change(id, now, |account| {
            if account.status != AccountStatus::Active {
                account.status = AccountStatus::Active;
                account.status_reasons.clear();
                account.status_changed_at = account.updated_at;
            }
            account.activates_at = None;
            if !setup.is_empty() {
                account
                    .setup_information
                    .get_or_insert_default()
                    .extend(setup);
            }
        })
    }

    pub(crate) fn set_label(
        &mut self,
        id: &AccountId,
        label: Option<String>,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.change(id, now, |account| account.label = label)
    }

    pub(crate) fn unlink(
        &mut self,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.change(id, now, |account| account.unlinked = true)
    }

    fn change(
        &mut self,
        id: &AccountId,
        now: Timestamp,
        change: impl FnOnce(&mut Account),
    ) -> Result<Account, AccountError> {
        let position = self.positions.get(id);
        let account = position
            .map(|position| &mut self.accounts[*position])
            .filter(|account| !account.unlinked)
            .ok_or_else(|| AccountError::NotFound(id.clone()))?;
        activate_if_due(account, now);
        account.updated_at = strictly_after(account.updated_at, now);
        change(account);
        Ok(account.clone())
    }

    /// The account with this id as it is at `now`, unlinked ones included.
    pub(crate) fn get(&mut self, id: &AccountId, now: Timestamp) -> Option<&Account> {
        let position = *self.positions.get(id)?;
        let account = &mut self.accounts[position];
        activate_if_due(account, now);
        Some(account)
    }

    /// The linked accounts of one project, or of all, as they are at `now`.
    pub(crate) fn linked(
        &mut self,
        project_id: Option<&str>,
        now: Timestamp,
    ) -> impl Iterator<Item = &Account> {
        self.accounts
            .iter_mut()
            .for_each(|account| activate_if_due(account, now));
        self.accounts.iter().filter(move |account| {
            !account.unlinked && project_id.is_none_or(|id| account.project_id == id)
        })
    }
}

fn create(id: AccountId, project_id: &str, new: &NewAccount, now: Timestamp) -> Account {
    let activates_at = new.activates_after.map(|wait| {
        SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| now.checked_add(wait).ok())
            .unwrap_or(Timestamp::MAX)
    });
    let waits = activates_at.is_some() && new.status == AccountStatus::Active;
    Account {
        id,
        project_id: project_id.to_owned(),
        provider: new.provider.clone(),
        provider_name: new.provider_name.clone(),
        status: if waits {
            AccountStatus::Inactive
        } else {
            new.status.clone()
        },
        status_reasons: Vec::new(),
        status_changed_at: now,
        origin_owner_id: new.origin_owner_id.clone(),
        origin_owner_name: new.origin_owner_name.clone(),
        origin_username: new.origin_username.clone(),
        setup_information: new.setup_information.clone(),
        label: new.label.clone(),
        kind: new.kind.clone(),
        created_at: now,
        updated_at: now,
        activates_at,
        unlinked: false,
    }
}

/// An activation is worked out when somebody looks, so that it needs no timer and is never late.
fn activate_if_due(account: &mut Account, now: Timestamp) {
    if let Some(at) = account.activates_at.filter(|at| *at <= now) {
        account.status = AccountStatus::Active;
        account.status_reasons.clear();
        account.updated_at = strictly_after(account.updated_at, at);
        account.status_changed_at = account.updated_at;
        account.activates_at = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn store_with(new: &NewAccount) -> (AccountStore, AccountId) {
        let mut store = AccountStore::new(7);
        let id = store.link("p", new, at(1_000)).unwrap().id;
        (store, id)
    }

    #[test]
    fn an_account_becomes_active_when_its_time_has_come_and_not_before() {
        let (mut store, id) = store_with(&NewAccount {
            activates_after: Some(Duration::from_secs(5)),
            ..NewAccount::default()
        });
        let early = store.get(&id, at(5_999)).unwrap();
        assert_eq!(early.status, AccountStatus::Inactive);
        let due = store.get(&id, at(9_000)).unwrap();
        assert_eq!(
            (&due.status, due.updated_at),
            (&AccountStatus::Active, at(6_000))
        );
    }

    #[test]
    fn a_status_that_is_set_cancels_a_pending_activation() {
        let (mut store, id) = store_with(&NewAccount {
            activates_after: Some(Duration::from_secs(5)),
            ..NewAccount::default()
        });
        store
            .set_status(&id, AccountStatus::Error, vec![], at(2_000))
            .unwrap();
        assert_eq!(
            store.get(&id, at(9_000)).unwrap().status,
            AccountStatus::Error
        );
    }

    #[test]
    fn every_change_is_dated_later_than_the_one_before() {
        let (mut store, id) = store_with(&NewAccount::default());
        let first = store.refresh(&id, at(1_000)).unwrap().updated_at;
        let second = store.unlink(&id, at(1_000)).unwrap().updated_at;
        assert_eq!((first, second), (at(1_001), at(1_002)));
    }

    #[test]
    fn an_unlinked_account_changes_no_more_but_its_id_may_be_linked_again() {
        let (mut store, id) = store_with(&NewAccount::default());
        store.unlink(&id, at(2_000)).unwrap();
        assert_eq!(
            store.refresh(&id, at(3_000)),
            Err(AccountError::NotFound(id.clone()))
        );
        assert_eq!(store.linked(Some("p"), at(3_000)).count(), 0);
        let again = NewAccount {
            id: Some(id.clone()),
            ..NewAccount::default()
        };
        let relinked = store.link("p", &again, at(2_000)).unwrap();
        assert_eq!(
            (relinked.id.clone(), relinked.created_at),
            (id.clone(), at(2_001))
        );
        assert_eq!(
            store.link("p", &again, at(4_000)),
            Err(AccountError::AlreadyLinked(id))
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (_, one) = store_with(&NewAccount::default());
        let (_, other) = store_with(&NewAccount::default());
        assert_eq!(one, other);
        assert_eq!(one.as_str().len(), 21);
    }
}
