//! A partition that is assigned to us.

use tokio_util::sync::DropGuard;

use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::event::listings::Listings;
use stackone_processor_core::offsets::Offsets;
use stackone_processor_core::offsets::gaps::Gaps;
use stackone_processor_core::state::store::StateStore;

/// A partition that is assigned to us.
pub(super) struct Partition {
    /// Which assignment this is: what was asked under an earlier one is dropped.
    pub epoch: u64,
    /// Whether it can be processed yet.
    pub stage: Stage,
    /// Ends what is done for the partition elsewhere when it is given up.
    _alive: DropGuard,
}

pub(super) enum Stage {
    /// Its state is being read. Records that were fetched before the partition was paused wait here.
    Restoring { early: Vec<Consumed> },
    /// It is processed.
    Ready(Box<Ready>),
}

/// A partition that is processed.
pub(super) struct Ready {
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

impl Partition {
    pub(super) fn restoring(epoch: u64, alive: DropGuard) -> Self {
        Self {
            epoch,
            stage: Stage::Restoring { early: Vec::new() },
            _alive: alive,
        }
    }

    pub(super) const fn ready(&self) -> Option<&Ready> {
        match &self.stage {
            Stage::Ready(ready) => Some(ready),
            Stage::Restoring { .. } => None,
        }
    }

    pub(super) const fn ready_mut(&mut self) -> Option<&mut Ready> {
        match &mut self.stage {
            Stage::Ready(ready) => Some(ready),
            Stage::Restoring { .. } => None,
        }
    }
}
