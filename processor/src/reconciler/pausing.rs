//! Reading no more while too many records are neither decided nor written down: while Kafka can be read and not written, or
//! refuses many dead letters. The consumer is polled on, since rebalances have to be answered.

use super::{Reconciler, ReconcilerError};
use stackone_processor_core::offsets::open_records::{Open, Turn};

impl Reconciler {
    /// Pauses all partitions, or resumes those that are restored, if it is time to.
    pub(super) fn keep_within_limit(&mut self) -> Result<(), ReconcilerError> {
        let ready = self.partitions.values().filter_map(|one| one.ready());
        let open: Open = ready.map(|ready| ready.offsets.open()).sum();
        match self.open_limit.turn(open) {
            None => Ok(()),
            Some(Turn::Pause) => self.pause(open),
            Some(Turn::Resume) => self.resume(open),
        }
    }

    /// Reads a partition that was restored, unless nothing is read now.
    pub(super) fn start_reading(&mut self, partition: i32) -> Result<(), ReconcilerError> {
        self.keep_within_limit()?;
        if self.open_limit.is_reached() {
            return Ok(());
        }
        self.consumer
            .resume(&[partition])
            .map_err(ReconcilerError::Rebalance)
    }

    fn pause(&self, open: Open) -> Result<(), ReconcilerError> {
        let Open { records, bytes } = open;
        let dead_letters_held = self.letters.held.len();
        tracing::error!(
            records,
            bytes,
            dead_letters_held,
            "too many records are neither decided nor written down, so none is read until half of them are. See why \
             transactions abort"
        );
        self.surroundings.metrics.partitions.intake_paused.set(1);
        let all: Vec<i32> = self.partitions.keys().copied().collect();
        let paused = self.consumer.pause(&all);
        paused.map_err(ReconcilerError::Rebalance)
    }

    /// A partition whose state is still being read stays paused.
    fn resume(&self, open: Open) -> Result<(), ReconcilerError> {
        let Open { records, bytes } = open;
        tracing::info!(records, bytes, "records are read again");
        self.surroundings.metrics.partitions.intake_paused.set(0);
        let ready = self.partitions.iter();
        let ready = ready.filter(|(_, partition)| partition.ready().is_some());
        let ready: Vec<i32> = ready.map(|(number, _)| *number).collect();
        let resumed = self.consumer.resume(&ready);
        resumed.map_err(ReconcilerError::Rebalance)
    }
}
