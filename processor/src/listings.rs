//! What running resyncs have listed of a partition's accounts. Pure.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountListed, AccountPhase, AccountState, AccountStatus};
use uuid::Uuid;

use crate::work_queue::Lane;

/// The runs whose beginning was seen. One whose beginning was not seen tells nothing of what is missing.
#[derive(Debug, Default)]
pub struct Listings(HashMap<Uuid, Listing>);

/// A run.
#[derive(Debug)]
pub struct Listing {
    lane: Lane,
    started_at: Timestamp,
    listed: HashSet<AccountId>,
}

impl Listings {
    /// A run begins; an earlier one of the same project is not waited for any more.
    pub fn begins(&mut self, run: Uuid, lane: Lane, started_at: Timestamp) {
        self.0.retain(|_, listing| listing.lane != lane);
        self.0.insert(
            run,
            Listing {
                lane,
                started_at,
                listed: HashSet::new(),
            },
        );
    }

    /// A run listed an account.
    pub fn listed(&mut self, run: Uuid, id: &AccountId) {
        if let Some(listing) = self.0.get_mut(&run) {
            listing.listed.insert(id.clone());
        }
    }

    /// A run has listed everything there is. None where its beginning was not seen.
    pub fn ends(&mut self, run: Uuid) -> Option<Listing> {
        self.0.remove(&run)
    }
}

impl Listing {
    /// Whether an account of this project should have been listed and was not.
    #[must_use]
    pub fn misses(&self, state: &AccountState, lane: Option<Lane>) -> bool {
        let is_there = match state.state {
            AccountPhase::Active | AccountPhase::Degraded | AccountPhase::Failed => true,
            AccountPhase::None | AccountPhase::Unlinked => false,
        };
        let is_older = state
            .confirmed_at
            .is_some_and(|confirmed| confirmed < self.started_at);
        lane == Some(self.lane) && is_there && is_older && !self.listed.contains(&state.account_id)
    }
}

/// What stands for the status of an account where the list shows none that can be read: the trigger has to have one, and a
/// process of an earlier version has to read it.
#[must_use]
pub fn no_status() -> AccountStatus {
    AccountStatus::from("")
}

/// Whether what a list shows of an account is another than what was confirmed, so that it is worth a lookup. Where it shows
/// no status that can be read, a lookup would not either.
#[must_use]
pub fn differs(state: Option<&AccountState>, listed: &AccountListed) -> bool {
    if listed.status == no_status() {
        return false;
    }
    let Some(state) = state else { return true };
    match state.state {
        AccountPhase::None => true,
        // What an unlinked account is, short of active, is told to nobody.
        AccountPhase::Unlinked => listed.status == AccountStatus::Active,
        AccountPhase::Active | AccountPhase::Degraded | AccountPhase::Failed => {
            let confirmed = state
                .account
                .as_ref()
                .and_then(|account| account.updated_at);
            state.status.as_ref() != Some(&listed.status)
                || (listed.updated_at.is_some() && listed.updated_at != confirmed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::unknown_account;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_614_800 + seconds).unwrap()
    }

    fn state(phase: AccountPhase, status: &str) -> AccountState {
        let id = AccountId::try_from("a").unwrap();
        AccountState {
            state: phase,
            status: Some(AccountStatus::from(status)),
            confirmed_at: Some(at(0)),
            version: 1,
            ..unknown_account(&id)
        }
    }

    fn listed(status: &str) -> AccountListed {
        AccountListed {
            run: Uuid::from_u128(1),
            project_id: None,
            account_id: AccountId::try_from("a").unwrap(),
            status: AccountStatus::from(status),
            updated_at: None,
        }
    }

    #[test]
    fn only_what_differs_is_worth_a_lookup() {
        assert!(differs(None, &listed("active")));
        assert!(!differs(
            Some(&state(AccountPhase::Active, "active")),
            &listed("active")
        ));
        assert!(differs(
            Some(&state(AccountPhase::Active, "active")),
            &listed("error")
        ));
        assert!(!differs(
            Some(&state(AccountPhase::Unlinked, "active")),
            &listed("error")
        ));
        assert!(differs(
            Some(&state(AccountPhase::Unlinked, "active")),
            &listed("active")
        ));
        for state in [None, Some(&state(AccountPhase::Active, "active"))] {
            assert!(!differs(state, &listed("")), "{state:?}");
        }
        let refreshed = AccountListed {
            updated_at: Some(at(1)),
            ..listed("active")
        };
        assert!(differs(
            Some(&state(AccountPhase::Active, "active")),
            &refreshed
        ));
    }

    #[test]
    fn an_account_is_missing_only_from_a_run_of_its_project_that_began_after_it_was_confirmed() {
        let run = Uuid::from_u128(1);
        let listing = |started_at| {
            let mut listings = Listings::default();
            listings.begins(run, 0, started_at);
            listings.ends(run).unwrap()
        };
        let active = state(AccountPhase::Active, "active");
        assert!(listing(at(1)).misses(&active, Some(0)));
        assert!(
            !listing(at(0)).misses(&active, Some(0)),
            "it may have been linked after its page was read"
        );
        assert!(!listing(at(1)).misses(&active, Some(1)));
        assert!(!listing(at(1)).misses(&state(AccountPhase::Unlinked, "active"), Some(0)));
    }

    #[test]
    fn a_listed_account_is_not_missing_and_an_older_run_is_forgotten() {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut listings = Listings::default();
        listings.begins(first, 0, at(1));
        listings.begins(second, 0, at(2));
        let active = state(AccountPhase::Active, "active");
        listings.listed(second, &active.account_id);
        assert!(listings.ends(first).is_none());
        assert!(!listings.ends(second).unwrap().misses(&active, Some(0)));
    }
}
