//! The overflow: accounts for which the work queue has no room. It keeps only where to find them
//! and when each is due. Pure.
//!
//! The undecided work of such an account is in its state record, from which it is queued again when
//! it is due. So a backlog takes a fraction of the memory, and no partition has to be paused, which
//! would stop other projects.

use std::collections::BTreeSet;

use crate::HashMap;

use jiff::Timestamp;

use crate::time::Monotonic;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Failures};

/// The accounts that are not in the work queue, in the order in which they are due.
#[derive(Debug)]
pub struct Overflow {
    entries: HashMap<AccountKey, Spilled>,
    lanes: Vec<BTreeSet<(Monotonic, AccountKey)>>,
}

/// What memory keeps of an account whose work is only in its state record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spilled {
    /// The lane of the account's project.
    pub lane: Lane,
    /// When the account is due.
    pub ready: Monotonic,
    /// How many triggers are undecided; 0 for a scheduled recheck.
    pub total: u64,
    /// When the first of them was consumed; `None` for a scheduled recheck.
    pub since: Option<Timestamp>,
    /// The failed lookups so far.
    pub failures: Failures,
}

impl Overflow {
    /// Starts without accounts, for this many projects.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            entries: HashMap::default(),
            lanes: vec![BTreeSet::new(); lanes],
        }
    }

    /// Takes an account that leaves the work queue.
    pub fn put(&mut self, key: AccountKey, left: Spilled) {
        self.take(&key);
        self.lanes[left.lane].insert((left.ready, key.clone()));
        self.entries.insert(key, left);
    }

    /// Removes an account that goes back to the work queue. Returns `None` if it is not here.
    pub fn take(&mut self, key: &AccountKey) -> Option<Spilled> {
        let left = self.entries.remove(key)?;
        self.lanes[left.lane].remove(&(left.ready, key.clone()));
        Some(left)
    }

    /// Returns the account of a project that is due first, and when.
    #[must_use]
    pub fn first(&self, lane: Lane) -> Option<(Monotonic, &AccountKey)> {
        let (ready, key) = self.lanes.get(lane)?.first()?;
        Some((*ready, key))
    }

    /// Returns the lane of an account that is here.
    #[must_use]
    pub fn lane_of(&self, key: &AccountKey) -> Option<Lane> {
        self.entries.get(key).map(|left| left.lane)
    }

    /// Returns the accounts of a project that are here.
    pub fn of(&self, lane: Lane) -> impl Iterator<Item = &Spilled> {
        self.entries.values().filter(move |left| left.lane == lane)
    }

    /// Returns how many triggers of all accounts are undecided.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.entries.values().map(|left| left.total).sum()
    }

    /// Drops the accounts of partitions that were given up. Returns how many undecided triggers
    /// they had.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |key: &AccountKey| partitions.contains(&key.partition);
        for lane in &mut self.lanes {
            lane.retain(|(_, key)| !is_given_up(key));
        }
        let left = self.entries.extract_if(|key, _| is_given_up(key));
        left.map(|(_, left)| left.total).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;
    use stackone_link_schemas::AccountId;

    use super::*;

    fn key(number: u8) -> AccountKey {
        AccountKey {
            partition: i32::from(number % 3),
            id: AccountId::try_from(format!("a{number}")).unwrap(),
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Put(u8, Lane, u64),
        Take(u8),
        TakeFirst(Lane),
        GiveUp(i32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u8..20, 0usize..2, 0u64..50).prop_map(|(key, lane, ready)| Step::Put(key, lane, ready)),
            1 => (0u8..20).prop_map(Step::Take),
            2 => (0usize..2).prop_map(Step::TakeFirst),
            1 => (0i32..3).prop_map(Step::GiveUp),
        ]
    }

    proptest! {
        /// No account is lost or doubled, and the accounts of each project come in the order in
        /// which they are due.
        #[test]
        fn accounts_come_back_once_and_in_order(steps in proptest::collection::vec(step(), 0..100)) {
            let start = Monotonic::START;
            let mut overflow = Overflow::new(2);
            let mut plain: BTreeMap<u8, Spilled> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Put(number, lane, seconds) => {
                        let ready = start + Duration::from_secs(seconds);
                        let left = Spilled { lane, ready, total: seconds, since: None, failures: Failures::default() };
                        overflow.put(key(number), left);
                        plain.insert(number, left);
                    }
                    Step::Take(number) => prop_assert_eq!(overflow.take(&key(number)), plain.remove(&number)),
                    Step::TakeFirst(lane) => {
                        let first = overflow.first(lane).map(|(ready, key)| (ready, key.clone()));
                        let due = plain.values().filter(|left| left.lane == lane).map(|left| left.ready).min();
                        prop_assert_eq!(first.as_ref().map(|(ready, _)| *ready), due);
                        if let Some((_, taken)) = first {
                            prop_assert!(overflow.take(&taken).is_some());
                            plain.retain(|number, _| key(*number) != taken);
                        }
                    }
                    Step::GiveUp(partition) => {
                        let gone = plain.extract_if(.., |number, _| key(*number).partition == partition);
                        let gone: u64 = gone.map(|(_, left)| left.total).sum();
                        prop_assert_eq!(overflow.give_up(&[partition]), gone);
                    }
                }
                prop_assert_eq!(overflow.total(), plain.values().map(|left| left.total).sum::<u64>());
                for lane in [0, 1] {
                    let of_lane = plain.values().filter(|left| left.lane == lane).count();
                    prop_assert_eq!(overflow.of(lane).count(), of_lane);
                }
            }
        }
    }
}
