//! The partitions that are ours: assignment, generation, states, offsets, and whether they are read.

mod assigned;
mod progress;

use std::collections::BTreeMap;

use stackone_link_schemas::AccountState;

use crate::api_gate::Projects;
use crate::event::intake::Consumed;
use crate::event::listings::Listings;
use crate::offsets::Offsets;
use crate::offsets::gaps::Gaps;
use crate::offsets::open_records::{Open, OpenLimit};
use crate::planted::{Fault, planted};
use crate::processor::input::{Generation, Restored};
use crate::work::AccountKey;
use crate::work::queue::Lane;
pub use assigned::Ready;
use assigned::{AssignedPartition, PartitionStage};

/// The partitions that are ours.
#[derive(Debug)]
pub struct Partitions {
    owned: BTreeMap<i32, AssignedPartition>,
    /// Under which they are ours; none while we are no member of the group.
    generation: Option<Generation>,
    /// Counts assignments: what was asked under an earlier one is dropped.
    epoch: u64,
    /// Partitions of the events topic, as last told; 0 while they are not known.
    total: usize,
    open_limit: OpenLimit,
}

/// Records that are gone before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange {
    /// The partition.
    pub partition: i32,
    /// The offset that was expected.
    pub expected: i64,
    /// The one that is there.
    pub next: i64,
}

/// How many partitions are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// Processed.
    pub ready: usize,
    /// Ours.
    pub owned: usize,
    /// There are; 0 while that is not known.
    pub total: usize,
}

impl Partitions {
    /// None yet, of whose records so many may be open.
    #[must_use]
    pub const fn new(most_open: Open) -> Self {
        Self {
            owned: BTreeMap::new(),
            generation: None,
            epoch: 0,
            total: 0,
            open_limit: OpenLimit::new(most_open),
        }
    }

    /// The generation under which they are ours.
    #[must_use]
    pub const fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// A rebalance brought this generation; where it brought none, the last one holds.
    pub const fn note_generation(&mut self, generation: Option<Generation>) {
        if generation.is_some() {
            self.generation = generation;
        }
    }

    /// We are no member of the group until we have joined again.
    pub const fn forget_generation(&mut self) {
        self.generation = None;
    }

    /// Takes partitions over, and gives their epoch.
    pub fn assign(&mut self, partitions: &[i32]) -> u64 {
        self.epoch += 1;
        let epoch = self.epoch;
        for partition in partitions {
            let early = Vec::new();
            let stage = PartitionStage::Restoring { early };
            self.owned
                .insert(*partition, AssignedPartition { epoch, stage });
        }
        epoch
    }

    /// Forgets partitions.
    pub fn give_up(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.owned.remove(partition);
        }
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.owned.clear();
    }

    /// The epoch of a partition that is ours.
    #[must_use]
    pub fn epoch_of(&self, partition: i32) -> Option<u64> {
        self.owned.get(&partition).map(|partition| partition.epoch)
    }

    /// Whether a partition is ours under this assignment.
    #[must_use]
    pub fn is_ours(&self, partition: i32, epoch: u64) -> bool {
        self.epoch_of(partition) == Some(epoch)
    }

    /// A partition that is processed.
    #[must_use]
    pub fn ready(&self, partition: i32) -> Option<&Ready> {
        match &self.owned.get(&partition)?.stage {
            PartitionStage::Ready(ready) => Some(ready),
            PartitionStage::Restoring { .. } => None,
        }
    }

    /// The same, to change it.
    pub fn ready_mut(&mut self, partition: i32) -> Option<&mut Ready> {
        match &mut self.owned.get_mut(&partition)?.stage {
            PartitionStage::Ready(ready) => Some(ready),
            PartitionStage::Restoring { .. } => None,
        }
    }

    /// Every partition that is processed, with its number.
    pub fn all_ready(&self) -> impl Iterator<Item = (i32, &Ready)> {
        let owned = self.owned.iter();
        owned.filter_map(|(number, partition)| match &partition.stage {
            PartitionStage::Ready(ready) => Some((*number, &**ready)),
            PartitionStage::Restoring { .. } => None,
        })
    }

    /// The state of an account.
    #[must_use]
    pub fn state_of(&self, key: &AccountKey) -> Option<AccountState> {
        self.ready(key.partition)?.states.get(&key.id)
    }

    /// Starts processing a partition that was restored; gives the records that wait for that. None where it is processed
    /// already.
    pub fn restored(&mut self, partition: i32, restored: Restored) -> Option<Vec<Consumed>> {
        let ready = PartitionStage::Ready(Box::new(Ready {
            states: restored.states,
            of_partitions: restored.partitions,
            offsets: Offsets::starting_at(restored.position.next),
            gaps: Gaps::default(),
            listings: Listings::default(),
        }));
        let partition = self.owned.get_mut(&partition)?;
        match std::mem::replace(&mut partition.stage, ready) {
            PartitionStage::Restoring { early } => Some(early),
            PartitionStage::Ready(_) => None,
        }
    }

    /// Takes a record of ours: gives it where its partition is processed, and keeps it where that is being restored. None
    /// also where the partition was given up.
    pub fn accept(&mut self, record: Consumed) -> Option<Consumed> {
        match &mut self.owned.get_mut(&record.partition)?.stage {
            PartitionStage::Ready(_) => Some(record),
            PartitionStage::Restoring { early } => {
                if !planted(Fault::EarlyRecordsDropped) {
                    early.push(record);
                }
                None
            }
        }
    }

    /// Takes over the state of an account as the topic has it now.
    pub fn wrote(&mut self, key: &AccountKey, value: Option<&[u8]>) {
        if let Some(ready) = self.ready_mut(key.partition) {
            ready.states.put(&key.id, value);
        }
    }

    /// Whether all that are ours are processed.
    #[must_use]
    pub fn are_restored(&self) -> bool {
        let mut stages = self.owned.values().map(|partition| &partition.stage);
        stages.all(|stage| matches!(stage, PartitionStage::Ready(_)))
    }

    /// A member of the group that owns no partition is as ready as one can be: it waits to take over.
    #[must_use]
    pub fn is_ready_member(&self) -> bool {
        self.generation.is_some() && self.are_restored()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> Owned {
        Owned {
            ready: self.all_ready().count(),
            owned: self.owned.len(),
            total: self.total,
        }
    }

    /// The cluster told how many there are. 0 tells nothing: what was told before stays.
    pub const fn note_total(&mut self, total: usize) {
        if total > 0 {
            self.total = total;
        }
    }

    /// Our share of what all replicas may do together, at least 1.
    #[must_use]
    pub fn share_of(&self, per_minute: u32) -> u32 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (owned, all) = (count(self.owned.len()), count(self.total));
        let share = u64::from(per_minute).saturating_mul(owned) / all.max(owned).max(1);
        u32::try_from(share).unwrap_or(per_minute).max(1)
    }

    /// Accounts of a project that are confirmed to be there.
    #[must_use]
    pub fn confirmed(&self, lane: Lane, projects: &Projects) -> usize {
        let is_of_lane = |named: Option<&str>| projects.lane_of(named) == Some(lane);
        let ready = self.all_ready();
        ready
            .map(|(_, ready)| ready.states.confirmed(is_of_lane))
            .sum()
    }
}

#[cfg(test)]
mod tests;
