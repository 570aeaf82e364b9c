//! What is kept of one partition.

use crate::event::intake::Consumed;
use crate::event::listings::Listings;
use crate::offsets::Offsets;
use crate::offsets::gaps::Gaps;
use crate::state::store::StateStore;

/// A partition that is assigned to us.
#[derive(Debug)]
pub(super) struct AssignedPartition {
    pub(super) epoch: u64,
    pub(super) stage: PartitionStage,
}

#[derive(Debug)]
pub(super) enum PartitionStage {
    /// Its state is being read. Records that were fetched before the partition was paused wait here.
    Restoring { early: Vec<Consumed> },
    /// It is processed.
    Ready(Box<Ready>),
}

/// A partition that is processed.
#[derive(Debug)]
pub struct Ready {
    /// Its accounts.
    pub states: StateStore,
    /// How many partitions there are.
    pub of_partitions: i32,
    /// Its records.
    pub offsets: Offsets,
    /// Gaps between them that may be losses.
    pub gaps: Gaps,
    /// What running resyncs have listed of them.
    pub listings: Listings,
}
