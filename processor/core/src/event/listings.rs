//! Keeps what running resyncs have listed, and finds the accounts of a partition that a complete
//! list does not have. Pure.

use crate::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountListed, AccountPhase, AccountState, AccountStatus};
use uuid::Uuid;

use crate::planted::{Fault, planted};
use crate::work::queue::Lane;

/// The runs whose begin marker was consumed. A run that began before says nothing about missing
/// accounts.
#[derive(Debug, Default)]
pub struct Listings(HashMap<Uuid, Listing>);

/// One run, as far as this partition has consumed it.
#[derive(Debug)]
pub struct Listing {
    lane: Lane,
    started_at: Timestamp,
    listed: SeenIds,
}

/// The listed ids as hashes: a million takes 20 MB. The chance that two of them collide is one in
/// 37 million, and the next run hashes with another seed, so it finds what this one missed.
#[derive(Debug)]
pub struct SeenIds {
    hashes: HashSet<u64>,
    hasher: FixedState,
}

impl SeenIds {
    /// Starts without ids, with the hash of `run`.
    #[must_use]
    pub fn of(run: Uuid) -> Self {
        let (high, low) = run.as_u64_pair();
        Self {
            hashes: HashSet::default(),
            hasher: FixedState::with_seed(high ^ low),
        }
    }

    /// Notes an id. Returns whether it is new.
    pub fn note(&mut self, id: &str) -> bool {
        self.hashes.insert(self.hasher.hash_one(id))
    }

    /// Whether the id was seen.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(id))
    }
}

/// The confirmed accounts that a complete list does not have.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// How many accounts are missing.
    pub all: usize,
    /// The missing accounts that are looked up now.
    pub looked_up: Vec<AccountId>,
}

impl Missing {
    /// Whether more accounts are missing than `allowed`, so that the list is more likely wrong.
    #[must_use]
    pub const fn is_doubtful(&self, allowed: usize) -> bool {
        self.all > allowed
    }
}

impl Listings {
    /// Notes that a run begins. An earlier run of the same project is forgotten.
    pub fn begins(&mut self, run: Uuid, lane: Lane, started_at: Timestamp) {
        self.0.retain(|_, listing| listing.lane != lane);
        self.0.insert(run, Listing::begins(run, lane, started_at));
    }

    /// Notes that a run listed an account.
    pub fn listed(&mut self, run: Uuid, id: &AccountId) {
        if let Some(listing) = self.0.get_mut(&run) {
            listing.lists(id);
        }
    }

    /// Ends a run that has listed everything, and returns it. `None` where its begin marker was not
    /// consumed.
    pub fn ends(&mut self, run: Uuid) -> Option<Listing> {
        self.0.remove(&run)
    }
}

impl Listing {
    /// Starts a run without accounts.
    #[must_use]
    pub fn begins(run: Uuid, lane: Lane, started_at: Timestamp) -> Self {
        Self {
            lane,
            started_at,
            listed: SeenIds::of(run),
        }
    }

    /// Notes that the run listed an account.
    pub fn lists(&mut self, id: &AccountId) {
        self.listed.note(id.as_str());
    }

    /// Whether the run should have listed an account of this project and did not.
    #[must_use]
    pub fn misses(&self, state: &AccountState, lane: Option<Lane>) -> bool {
        let is_there = match state.state {
            AccountPhase::Active | AccountPhase::Degraded | AccountPhase::Failed => true,
            AccountPhase::None | AccountPhase::Unlinked => false,
        };
        let is_older = state
            .confirmed_at
            .is_some_and(|confirmed| confirmed < self.started_at);
        lane == Some(self.lane)
            && is_there
            && is_older
            && !self.listed.has(state.account_id.as_str())
    }

    /// Finds the missing accounts among `states`. All of them are to be looked up; where more than
    /// `allowed` are missing, only as many as `room`: a wrong or empty list misses every account,
    /// and the next run finds the rest again.
    pub fn missing(
        &self,
        states: impl Iterator<Item = AccountState>,
        lane_of: impl Fn(Option<&str>) -> Option<Lane>,
        allowed: usize,
        room: usize,
    ) -> Missing {
        let is_missing =
            |state: &AccountState| self.misses(state, lane_of(state.project_id.as_deref()));
        let mut missing = states.filter(is_missing).map(|state| state.account_id);
        let looked_up: Vec<AccountId> = missing.by_ref().take(allowed.max(room)).collect();
        let all = looked_up.len() + missing.count();
        let mut missing = Missing { all, looked_up };
        if missing.is_doubtful(allowed) {
            missing.looked_up.truncate(room);
        }
        missing
    }
}

/// The status of a trigger whose list shows no readable status. A trigger has to have a status, and
/// a process of an earlier version has to be able to read it.
#[must_use]
pub fn no_status() -> AccountStatus {
    AccountStatus::from("")
}

/// Whether a list shows an account otherwise than it was confirmed, so that it is worth a lookup.
/// Where the list shows no readable status, a lookup would not show one either.
#[must_use]
pub fn differs(state: Option<&AccountState>, listed: &AccountListed) -> bool {
    if listed.status == no_status() || planted(Fault::ListedIgnored) {
        return false;
    }
    let Some(state) = state else { return true };
    match state.state {
        AccountPhase::None => true,
        // Nobody is told about an unlinked account that is not active.
        AccountPhase::Unlinked => listed.status == AccountStatus::Active,
        // Of an account that is not active only another status is told, so its snapshot stays as
        // it was, and would differ in every list.
        AccountPhase::Degraded | AccountPhase::Failed => {
            state.status.as_ref() != Some(&listed.status)
        }
        AccountPhase::Active => {
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
    fn only_what_differs_and_could_be_told_is_worth_a_lookup() {
        use AccountPhase::{Active, Degraded, Failed, Unlinked};
        assert!(differs(None, &listed("active")));
        assert!(!differs(None, &listed("")));
        for (phase, confirmed, shown, otherwise, touched) in [
            (Active, "active", "active", false, true),
            (Active, "active", "error", true, true),
            (Active, "active", "", false, false),
            (Degraded, "error", "error", false, false),
            (Degraded, "error", "expired", true, true),
            (Failed, "error", "error", false, false),
            (Failed, "error", "active", true, true),
            (Unlinked, "active", "error", false, false),
            (Unlinked, "active", "active", true, true),
        ] {
            let state = state(phase, confirmed);
            let mut listed = listed(shown);
            assert_eq!(
                differs(Some(&state), &listed),
                otherwise,
                "{phase:?} {shown}"
            );
            listed.updated_at = Some(at(1));
            assert_eq!(differs(Some(&state), &listed), touched, "{phase:?} {shown}");
        }
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

    #[test]
    fn of_more_than_can_be_believed_to_be_missing_no_more_are_looked_up_than_there_is_room_for() {
        let run = Uuid::from_u128(1);
        let mut listings = Listings::default();
        listings.begins(run, 0, at(1));
        let listing = listings.ends(run).unwrap();
        let missing = |accounts: usize, room| {
            let states = (0..accounts).map(|number| AccountState {
                account_id: AccountId::try_from(format!("a{number}")).unwrap(),
                ..state(AccountPhase::Active, "active")
            });
            let missing = listing.missing(states, |_| Some(0), 10, room);
            (
                missing.all,
                missing.looked_up.len(),
                missing.is_doubtful(10),
            )
        };
        assert_eq!(missing(10, 0), (10, 10, false));
        assert_eq!(missing(11, 0), (11, 0, true));
        assert_eq!(missing(100, 30), (100, 30, true));
        assert_eq!(missing(100, 1000), (100, 100, true));
    }
}
