//! The owner of the assigned partitions: generation, epochs, states, offsets, and whether they are
//! read.

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

/// The owner of the assigned partitions.
#[derive(Debug)]
pub struct Partitions {
    owned: BTreeMap<i32, AssignedPartition>,
    /// The generation of the assignment; `None` while this process is no member of the group.
    generation: Option<Generation>,
    /// Counts assignments. An answer to a request of an earlier assignment is dropped.
    epoch: u64,
    /// The number of partitions of the events topic as last reported; 0 while it is not known.
    total: usize,
    open_limit: OpenLimit,
}

/// Records that were deleted before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange {
    /// The partition that lost records.
    pub partition: i32,
    /// The offset that was expected.
    pub expected: i64,
    /// The offset of the next record that exists.
    pub next: i64,
}

/// Numbers of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// How many are processed.
    pub ready: usize,
    /// How many are assigned to this process.
    pub owned: usize,
    /// How many there are; 0 while that is not known.
    pub total: usize,
}

impl Partitions {
    /// Starts without partitions. At most `most_open` records may be open.
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

    /// Returns the generation of the assignment.
    #[must_use]
    pub const fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// Takes the generation of a rebalance. Where the client reported none, the last one stays.
    pub const fn note_generation(&mut self, generation: Option<Generation>) {
        if generation.is_some() {
            self.generation = generation;
        }
    }

    /// Forgets the generation: this process is no member until it has joined again.
    pub const fn forget_generation(&mut self) {
        self.generation = None;
    }

    /// Takes partitions over. Returns the epoch of this assignment.
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

    /// Drops partitions that were given up, with their states.
    pub fn give_up(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.owned.remove(partition);
        }
    }

    /// Drops all partitions.
    pub fn clear(&mut self) {
        self.owned.clear();
    }

    /// Returns the epoch of an assigned partition.
    #[must_use]
    pub fn epoch_of(&self, partition: i32) -> Option<u64> {
        self.owned.get(&partition).map(|partition| partition.epoch)
    }

    /// Whether a partition is assigned under this epoch.
    #[must_use]
    pub fn is_ours(&self, partition: i32, epoch: u64) -> bool {
        self.epoch_of(partition) == Some(epoch)
    }

    /// Returns a partition that is processed.
    #[must_use]
    pub fn ready(&self, partition: i32) -> Option<&Ready> {
        match &self.owned.get(&partition)?.stage {
            PartitionStage::Ready(ready) => Some(ready),
            PartitionStage::Restoring { .. } => None,
        }
    }

    /// Returns a partition that is processed, to change it.
    pub fn ready_mut(&mut self, partition: i32) -> Option<&mut Ready> {
        match &mut self.owned.get_mut(&partition)?.stage {
            PartitionStage::Ready(ready) => Some(ready),
            PartitionStage::Restoring { .. } => None,
        }
    }

    /// Returns all partitions that are processed, with their numbers.
    pub fn all_ready(&self) -> impl Iterator<Item = (i32, &Ready)> {
        let owned = self.owned.iter();
        owned.filter_map(|(number, partition)| match &partition.stage {
            PartitionStage::Ready(ready) => Some((*number, &**ready)),
            PartitionStage::Restoring { .. } => None,
        })
    }

    /// Returns the confirmed state of an account.
    #[must_use]
    pub fn state_of(&self, key: &AccountKey) -> Option<AccountState> {
        self.ready(key.partition)?.states.get(&key.id)
    }

    /// Starts to process a restored partition. Returns the records that waited for it; `None` where
    /// the partition is processed already, or given up.
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

    /// Returns the record if its partition is processed, and keeps it if the partition is being
    /// restored. Drops it if the partition was given up.
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

    /// Takes over the state of an account as it was just written to the topic.
    pub fn wrote(&mut self, key: &AccountKey, value: Option<&[u8]>) {
        if let Some(ready) = self.ready_mut(key.partition) {
            ready.states.put(&key.id, value);
        }
    }

    /// Whether all assigned partitions are processed.
    #[must_use]
    pub fn are_restored(&self) -> bool {
        let mut stages = self.owned.values().map(|partition| &partition.stage);
        stages.all(|stage| matches!(stage, PartitionStage::Ready(_)))
    }

    /// Whether this process is a member of the group and has restored all that is assigned. A
    /// member without partitions is ready, too: it waits to take over.
    #[must_use]
    pub fn is_ready_member(&self) -> bool {
        self.generation.is_some() && self.are_restored()
    }

    /// Counts the partitions.
    #[must_use]
    pub fn count(&self) -> Owned {
        Owned {
            ready: self.all_ready().count(),
            owned: self.owned.len(),
            total: self.total,
        }
    }

    /// Takes the number of partitions that the cluster reported. 0 says nothing, so the earlier
    /// number stays.
    pub const fn note_total(&mut self, total: usize) {
        if total > 0 {
            self.total = total;
        }
    }

    /// Returns this process's share of what all replicas may do together; at least 1.
    #[must_use]
    pub fn share_of(&self, per_minute: u32) -> u32 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (owned, all) = (count(self.owned.len()), count(self.total));
        let share = u64::from(per_minute).saturating_mul(owned) / all.max(owned).max(1);
        u32::try_from(share).unwrap_or(per_minute).max(1)
    }

    /// Returns how many accounts of a project are confirmed to exist, in the assigned partitions.
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
