//! Follows how far the partitions are read: offsets, gaps between them, lag, and the pause at the
//! limit of open records.

use super::assigned::PartitionStage;
use super::{OutOfRange, Partitions};
use crate::event::intake::Consumed;
use crate::offsets::open_records::{IntakeSwitch, Open};
use crate::processor::input::Watermarks;
use crate::time::Monotonic;

impl Partitions {
    /// Notes that a record was consumed. A later offset than expected is harmless where control
    /// records lie between, and a loss where records were deleted before they were read, so it is
    /// noted as a gap. An earlier offset means that the topic was made again, and is returned.
    pub fn consumed(&mut self, record: &Consumed) -> Option<OutOfRange> {
        let ready = self.ready_mut(record.partition)?;
        let expected = ready.offsets.next();
        if record.offset > expected {
            ready.gaps.note(expected);
        }
        ready.offsets.consumed(record.offset, record.bytes());
        (record.offset < expected).then_some(OutOfRange {
            partition: record.partition,
            expected,
            next: record.offset,
        })
    }

    /// Closes a record: it is decided, or written as pending.
    pub fn close_offset(&mut self, partition: i32, offset: i64) {
        if let Some(ready) = self.ready_mut(partition) {
            ready.offsets.close(offset);
        }
    }

    /// Returns how many records and bytes are open, in all partitions.
    #[must_use]
    pub fn open(&self) -> Open {
        self.all_ready()
            .map(|(_, ready)| ready.offsets.open())
            .sum()
    }

    /// Returns whether reading has to pause or resume now, and for which partitions.
    pub fn turn(&mut self) -> Option<(IntakeSwitch, Open, Vec<i32>)> {
        let open = self.open();
        let turn = self.open_limit.turn(open)?;
        let partitions = match turn {
            IntakeSwitch::Pause => self.owned.keys().copied().collect(),
            // A partition that is being restored stays paused.
            IntakeSwitch::Resume => self.all_ready().map(|(number, _)| number).collect(),
        };
        Some((turn, open, partitions))
    }

    /// Whether reading is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.open_limit.is_reached()
    }

    /// Returns when the next request about a gap is due.
    #[must_use]
    pub fn next_question(&self) -> Option<Monotonic> {
        let due = self
            .all_ready()
            .filter_map(|(_, ready)| ready.gaps.due_at());
        due.min()
    }

    /// Returns the partitions, each with its epoch, whose watermarks are requested now: all, or
    /// those with an unexplained gap.
    pub fn ask(&mut self, all: bool, now: Monotonic) -> Vec<(i32, u64)> {
        let mut asked = Vec::new();
        for (number, partition) in &mut self.owned {
            let PartitionStage::Ready(ready) = &mut partition.stage else {
                continue;
            };
            if all || ready.gaps.is_due(now) {
                ready.gaps.ask(now);
                asked.push((*number, partition.epoch));
            }
        }
        asked
    }

    /// Takes watermarks. Returns the lag in records, and the records that were deleted before they
    /// were read.
    pub fn take_watermarks(&mut self, told: &Watermarks) -> (Option<i64>, Option<OutOfRange>) {
        let Watermarks {
            partition, epoch, ..
        } = *told;
        let is_ours = self.is_ours(partition, epoch);
        let Some(ready) = self.ready_mut(partition).filter(|_| is_ours) else {
            return (None, None);
        };
        let missing = ready.gaps.answered(told.range.map(|(low, _)| low));
        let Some((low, high)) = told.range else {
            return (None, None);
        };
        let lag = (high - ready.offsets.next()).max(0);
        let lost = missing.map(|expected| OutOfRange {
            partition,
            expected,
            next: low,
        });
        (Some(lag), lost)
    }
}
