//! The guard against a wrong API key or base URL, behind which every account of a project answers 404. Pure.
//!
//! Where more accounts of a project vanish within an hour than can be believed, without a webhook that says they were
//! deleted, none of them is unlinked until an operator says so or they answer again. Which accounts are doubted, and which
//! were unlinked when, stands in their state records, so a restart knows it as well.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{Grace, GraceKind};

use crate::work::AccountKey;
use crate::work::queue::Lane;

/// How long an unlink counts.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// This many of a project may vanish, however few accounts it has.
const FLOOR: usize = 10;
/// One of so many may vanish: 2 %.
const ONE_OF: usize = 50;

/// The accounts that vanished, by project.
#[derive(Debug)]
pub struct UnlinkGuard(Vec<VanishedAccounts>);

/// The accounts of a project that answer 404 although no webhook said that they were deleted.
#[derive(Debug, Default)]
struct VanishedAccounts {
    /// Those that are not unlinked yet, nor released by an operator.
    doubted: BTreeMap<AccountKey, Grace>,
    /// Partition of those that were unlinked, and when they began to answer 404.
    unlinked: Vec<(i32, Timestamp)>,
}

/// What a replica has of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Accounts that are confirmed to be there, in its partitions.
    pub confirmed: usize,
    /// Its partitions.
    pub owned: usize,
    /// All partitions; 0 while they are not known.
    pub all: usize,
}

impl Share {
    /// How many may vanish within an hour: 2 % of ours, or our part of ten. Replicas do not talk to each other, so each
    /// takes its part of what the project as a whole may lose; one each is allowed to the smallest, and to one that does
    /// not know its part.
    #[must_use]
    pub fn threshold(self) -> usize {
        let floor = match self.all {
            0 => 1,
            all => (FLOOR * self.owned).div_ceil(all),
        };
        floor.clamp(1, FLOOR).max(self.confirmed / ONE_OF)
    }
}

impl UnlinkGuard {
    /// A guard for so many projects.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self((0..lanes).map(|_| VanishedAccounts::default()).collect())
    }

    /// An account is undecided, in this grace period if in any.
    pub fn undecided(&mut self, lane: Lane, key: &AccountKey, grace: Option<Grace>) {
        let vanishing =
            grace.filter(|grace| grace.kind == GraceKind::Vanish && grace.released_at.is_none());
        let Some(vanished) = self.0.get_mut(lane) else {
            return;
        };
        match vanishing {
            Some(grace) => drop(vanished.doubted.insert(key.clone(), grace)),
            None => drop(vanished.doubted.remove(key)),
        }
    }

    /// An account is decided. One that was unlinked for its 404s alone counts for the rest of the hour.
    pub fn decided(&mut self, lane: Lane, key: &AccountKey, is_unlinked: bool, now: Timestamp) {
        let Some(vanished) = self.0.get_mut(lane) else {
            return;
        };
        let doubted = vanished.doubted.remove(key);
        if let Some(grace) = doubted.filter(|_| is_unlinked) {
            vanished
                .unlinked
                .retain(|(_, since)| is_recent(*since, now));
            vanished.unlinked.push((key.partition, grace.since));
        }
    }

    /// An account of a partition that is restored was unlinked for its 404s alone, which began at `since`.
    pub fn was_unlinked(&mut self, lane: Lane, partition: i32, since: Timestamp, now: Timestamp) {
        let vanished = self.0.get_mut(lane).filter(|_| is_recent(since, now));
        if let Some(vanished) = vanished {
            vanished.unlinked.push((partition, since));
        }
    }

    /// These partitions are another's.
    pub fn give_up(&mut self, partitions: &[i32]) {
        for vanished in &mut self.0 {
            vanished
                .doubted
                .retain(|key, _| !partitions.contains(&key.partition));
            vanished
                .unlinked
                .retain(|(partition, _)| !partitions.contains(partition));
        }
    }

    /// Whether so many vanished that none of them is unlinked. What is doubted counts however long it has been: else a
    /// wrong key would be believed after an hour.
    #[must_use]
    pub fn holds(&self, lane: Lane, share: Share, now: Timestamp) -> bool {
        self.vanished(lane, now) > share.threshold()
    }

    /// How many accounts count.
    #[must_use]
    pub fn vanished(&self, lane: Lane, now: Timestamp) -> usize {
        self.0.get(lane).map_or(0, |vanished| {
            let recent = vanished
                .unlinked
                .iter()
                .filter(|(_, since)| is_recent(*since, now));
            vanished.doubted.len() + recent.count()
        })
    }

    /// How many accounts would be unlinked by their next 404, if the guard did not hold them.
    #[must_use]
    pub fn due(&self, lane: Lane, now: Timestamp) -> usize {
        self.0.get(lane).map_or(0, |vanished| {
            let over = vanished
                .doubted
                .values()
                .filter(|grace| grace.deadline <= now);
            over.count()
        })
    }

    /// The accounts in a partition that an operator's word at `said_at` releases.
    pub fn releasable(
        &self,
        lane: Lane,
        partition: i32,
        said_at: Timestamp,
    ) -> impl Iterator<Item = &AccountKey> {
        let doubted = self
            .0
            .get(lane)
            .into_iter()
            .flat_map(|vanished| &vanished.doubted);
        doubted
            .filter(move |(key, grace)| key.partition == partition && grace.since <= said_at)
            .map(|(key, _)| key)
    }
}

fn is_recent(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) < WINDOW
}

#[cfg(test)]
mod tests;
