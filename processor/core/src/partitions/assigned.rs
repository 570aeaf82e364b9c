//! What the processor keeps of one partition.

use crate::event::intake::Consumed;
use crate::event::listings::Listings;
use crate::offsets::Offsets;
use crate::offsets::gaps::Gaps;
use crate::state::store::StateStore;

/// An assigned partition.
#[derive(Debug)]
pub(super) struct AssignedPartition {
    pub(super) epoch: u64,
    pub(super) stage: PartitionStage,
}

#[derive(Debug)]
pub(super) enum PartitionStage {
    /// Its states are being read. Records that were fetched before the partition was paused wait
    /// here.
    Restoring { early: Vec<Consumed> },
    /// It is processed.
    Ready(Box<Ready>),
}

/// A partition that is processed.
#[derive(Debug)]
pub struct Ready {
    /// The states of its accounts.
    pub states: StateStore,
    /// The number of partitions of the topic.
    pub of_partitions: i32,
    /// Its open records, and the next offset.
    pub offsets: Offsets,
    /// Gaps between its offsets that may be losses.
    pub gaps: Gaps,
    /// What running resyncs have listed of its accounts.
    pub listings: Listings,
}
