//! The unlink guard: it protects against a wrong API key or base URL, with which every account of a
//! project answers 404. Pure.
//!
//! Where more accounts of a project vanish within an hour than can be believed, without a webhook
//! that reports their deletion, none of them is unlinked until an operator releases them or they
//! answer again. Which accounts are doubted and when others were unlinked is in their state
//! records, so that it survives a restart.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{Grace, GraceKind};

use crate::work::AccountKey;
use crate::work::queue::Lane;

/// How long an unlink counts.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// This many accounts of a project may vanish, however few it has.
const FLOOR: usize = 10;
/// One in this many may vanish: 2 %.
const ONE_OF: usize = 50;

/// The accounts that vanished, by project.
#[derive(Debug)]
pub struct UnlinkGuard(Vec<VanishedAccounts>);

/// The accounts of a project that answer 404 although no webhook reported their deletion.
#[derive(Debug, Default)]
struct VanishedAccounts {
    /// Those that are neither unlinked nor released by an operator.
    doubted: BTreeMap<AccountKey, Grace>,
    /// Those that were unlinked: the partition, and since when the account answers 404.
    unlinked: Vec<(i32, Timestamp)>,
}

/// The part of a project that a replica has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The accounts that are confirmed to exist, in this replica's partitions.
    pub confirmed: usize,
    /// The number of this replica's partitions.
    pub owned: usize,
    /// The number of all partitions; 0 while it is not known.
    pub all: usize,
}

impl Share {
    /// Returns how many accounts may vanish within an hour: 2 % of this replica's accounts, or its
    /// share of ten. Replicas do not talk to each other, so each takes its share of what the whole
    /// project may lose. One is always allowed.
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
    /// Starts without vanished accounts, for this many projects.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self((0..lanes).map(|_| VanishedAccounts::default()).collect())
    }

    /// Notes that an account is undecided, with its grace period if one runs.
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

    /// Notes that an account is decided. One that was unlinked for its 404s alone counts for the
    /// rest of the hour.
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

    /// Counts an account of a restored partition that was unlinked for its 404s alone. They began
    /// at `since`.
    pub fn was_unlinked(&mut self, lane: Lane, partition: i32, since: Timestamp, now: Timestamp) {
        let vanished = self.0.get_mut(lane).filter(|_| is_recent(since, now));
        if let Some(vanished) = vanished {
            vanished.unlinked.push((partition, since));
        }
    }

    /// Drops the accounts of partitions that were given up.
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

    /// Whether so many accounts vanished that none of them is unlinked. A doubted account counts
    /// however long it has been doubted; otherwise a wrong key would be believed after an hour.
    #[must_use]
    pub fn holds(&self, lane: Lane, share: Share, now: Timestamp) -> bool {
        self.vanished(lane, now) > share.threshold()
    }

    /// Returns how many accounts count.
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

    /// Returns how many accounts the next 404 would unlink if the guard did not hold them.
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

    /// Returns the doubted accounts of a partition that an operator's record of `said_at` releases.
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
