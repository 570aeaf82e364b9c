//! The owner of records that are consumed but not queued: triggers that wait for another project's
//! decision, releases by operators, accounts that vanished, and the runs of resyncs.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::event::intake::Consumed;
use crate::resync::runs::Resyncs;
use crate::settings::DecisionSettings;
use crate::state::unlink_guard::UnlinkGuard;
use crate::work::AccountKey;
use crate::work::queue::Lane;

/// The owner of records that are consumed but not queued.
#[derive(Debug)]
pub struct Intake {
    /// Records that wait until other triggers of their account are decided.
    parked: BTreeMap<AccountKey, VecDeque<Consumed>>,
    /// The accounts that vanished, and whether their unlinks are held.
    pub guard: UnlinkGuard,
    /// Releases that are not committed.
    pub releases: Vec<Release>,
    /// When each project is listed.
    pub resync_runs: Resyncs,
    /// For each project, whether its unlinks were held when they were last checked.
    held_before: Vec<bool>,
}

/// An operator's record that releases the held unlinks of a project.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    /// The partition of the operator's record.
    pub partition: i32,
    /// The offset of the operator's record.
    pub offset: i64,
    /// The lane of the project.
    pub lane: Lane,
    /// The date of the record. Accounts that vanished later are not released.
    pub said_at: Timestamp,
}

impl Intake {
    /// Starts without records.
    #[must_use]
    pub fn new(settings: &DecisionSettings) -> Self {
        let lanes = settings.projects.len();
        Self {
            parked: BTreeMap::new(),
            guard: UnlinkGuard::new(lanes),
            releases: Vec::new(),
            resync_runs: Resyncs::new(lanes, settings.resync_interval),
            held_before: vec![false; lanes],
        }
    }

    /// Whether a record of the account waits. Later records of it must wait as well: once a later
    /// one was taken in, the earlier one would count as taken in.
    #[must_use]
    pub fn is_parked(&self, key: &AccountKey) -> bool {
        self.parked.contains_key(key)
    }

    /// Lets a record wait.
    pub fn park(&mut self, key: AccountKey, record: Consumed) {
        self.parked.entry(key).or_default().push_back(record);
    }

    /// Returns the records of the account that waited, and forgets them.
    pub fn unpark(&mut self, key: &AccountKey) -> VecDeque<Consumed> {
        self.parked.remove(key).unwrap_or_default()
    }

    /// Lets `rest` wait behind a record of the account that has to wait again. Does nothing where
    /// none has to.
    pub fn park_again(&mut self, key: &AccountKey, rest: &mut VecDeque<Consumed>) {
        if let Some(again) = self.parked.get_mut(key) {
            again.append(rest);
        }
    }

    /// Drops the records of partitions that were given up. Returns how many were undecided.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |partition: i32| partitions.contains(&partition);
        let parked = self
            .parked
            .extract_if(.., |key, _| is_given_up(key.partition));
        let parked: usize = parked.map(|(_, records)| records.len()).sum();
        let releases = self
            .releases
            .extract_if(.., |one| is_given_up(one.partition));
        let releases = releases.count();
        self.guard.give_up(partitions);
        u64::try_from(parked + releases).unwrap_or(u64::MAX)
    }

    /// Returns how many records are undecided.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let parked: usize = self.parked.values().map(VecDeque::len).sum();
        u64::try_from(parked + self.releases.len()).unwrap_or(u64::MAX)
    }

    /// Notes whether a project's unlinks are held. Returns whether that changed.
    pub fn note_held(&mut self, lane: Lane, holds: bool) -> bool {
        std::mem::replace(&mut self.held_before[lane], holds) != holds
    }
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::AccountId;

    use super::*;
    use crate::processor::tests::settings;

    fn key(partition: i32) -> AccountKey {
        let id = AccountId::try_from("a").unwrap();
        AccountKey { partition, id }
    }

    fn record(offset: i64) -> Consumed {
        Consumed {
            partition: 0,
            offset,
            timestamp_ms: 0,
            key: None,
            value: Vec::new(),
            headers: None,
        }
    }

    #[test]
    fn records_wait_behind_the_first_of_their_account_in_order() {
        let mut intake = Intake::new(&settings());
        assert!(!intake.is_parked(&key(0)));
        for offset in [1, 2, 3] {
            intake.park(key(0), record(offset));
        }
        assert!(intake.is_parked(&key(0)) && !intake.is_parked(&key(1)));
        assert_eq!(intake.undecided(), 3);
        let mut waited = intake.unpark(&key(0));
        assert!(!intake.is_parked(&key(0)));
        intake.park_again(&key(0), &mut waited);
        assert_eq!(waited.len(), 3, "none of them has to wait again");
        intake.park(key(0), waited.pop_front().unwrap());
        intake.park_again(&key(0), &mut waited);
        assert!(waited.is_empty());
        let offsets = intake.unpark(&key(0)).into_iter().map(|one| one.offset);
        assert_eq!(offsets.collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn waiting_records_of_a_partition_given_up_are_forgotten_and_counted() {
        let mut intake = Intake::new(&settings());
        for (partition, records) in [(0, 2), (1, 1)] {
            (0..records).for_each(|offset| intake.park(key(partition), record(offset)));
            intake.releases.push(Release {
                partition,
                offset: 9,
                lane: 0,
                said_at: Timestamp::UNIX_EPOCH,
            });
        }
        assert_eq!(intake.undecided(), 5);
        assert_eq!(intake.give_up(&[0]), 3);
        assert_eq!(intake.undecided(), 2);
        assert!(intake.is_parked(&key(1)) && !intake.is_parked(&key(0)));
    }

    #[test]
    fn that_unlinks_are_held_is_news_once() {
        let mut intake = Intake::new(&settings());
        let news = [false, true, true, false].map(|holds| intake.note_held(0, holds));
        assert_eq!(news, [false, true, false, true]);
    }
}
