//! Follows how far a redrive is in each partition of the dead-letter topic. Pure.

use std::collections::BTreeMap;

use super::selection::{Left, Passed, RedriveVerdict};
use super::{OffsetRanges, Summary};

/// A partition of the dead-letter topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// The first offset to read. All offsets below are dealt with.
    pub start: i64,
    /// The offset before which reading ends. Letters that come during a redrive are left to the
    /// next one.
    pub end: i64,
    /// The offsets from `start` on that earlier redrives have dealt with.
    pub done: OffsetRanges,
    /// The offsets that this redrive has dealt with since its last commit.
    uncommitted: OffsetRanges,
    next: i64,
    first_left: Option<i64>,
}

impl Partition {
    /// Starts a partition that is read from `start` to `end`.
    #[must_use]
    pub fn new(start: i64, end: i64) -> Self {
        Self {
            start,
            end,
            next: start,
            ..Self::default()
        }
    }

    /// Returns the offset to commit: everything below it is dealt with. A letter that stays holds
    /// it back until the letter expires.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.first_left.unwrap_or(self.next)
    }

    fn note(&mut self, offset: i64, verdict: RedriveVerdict) {
        self.next = offset.saturating_add(1);
        match verdict {
            RedriveVerdict::Redrive | RedriveVerdict::Passed(_) => {
                self.uncommitted.insert(offset, offset)
            }
            RedriveVerdict::Left(_) => {
                self.first_left.get_or_insert(offset);
            }
            RedriveVerdict::Done | RedriveVerdict::Marker => {}
        }
    }
}

/// What one transaction commits for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveStep {
    /// The number of the partition.
    pub partition: i32,
    /// The offsets that were dealt with.
    pub done: OffsetRanges,
    /// The offset to commit.
    pub position: i64,
}

/// How far a redrive is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// The partitions, by number.
    pub partitions: BTreeMap<i32, Partition>,
    /// The totals of all records read so far. A letter counts as put back once that is committed.
    pub summary: Summary,
}

impl Progress {
    /// Notes the verdict on a record.
    pub fn note(&mut self, partition: i32, offset: i64, verdict: RedriveVerdict) {
        if let Some(partition) = self.partitions.get_mut(&partition) {
            partition.note(offset, verdict);
        }
        let summary = &mut self.summary;
        match verdict {
            RedriveVerdict::Marker => return,
            RedriveVerdict::Redrive => {}
            RedriveVerdict::Done => summary.done_before += 1,
            RedriveVerdict::Passed(Passed::Expired) => summary.expired += 1,
            RedriveVerdict::Passed(Passed::Outdated) => summary.outdated += 1,
            RedriveVerdict::Left(Left::NotAskedFor) => summary.left.not_asked_for += 1,
            RedriveVerdict::Left(Left::Malformed) => summary.left.malformed += 1,
            RedriveVerdict::Left(Left::NotADeadLetter) => summary.left.not_a_dead_letter += 1,
        }
        summary.read += 1;
    }

    /// Takes out what there is to commit. The next call returns what came after it.
    pub fn take_steps(&mut self) -> Vec<RedriveStep> {
        let touched = self
            .partitions
            .iter_mut()
            .filter(|(_, partition)| !partition.uncommitted.is_empty());
        touched
            .map(|(number, partition)| RedriveStep {
                partition: *number,
                done: std::mem::take(&mut partition.uncommitted),
                position: partition.position(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdict() -> impl Strategy<Value = RedriveVerdict> {
        prop_oneof![
            Just(RedriveVerdict::Redrive),
            Just(RedriveVerdict::Marker),
            Just(RedriveVerdict::Passed(Passed::Expired)),
            Just(RedriveVerdict::Left(Left::NotAskedFor)),
        ]
    }

    /// What the next redrive would find: everything that was committed, and nothing else.
    #[derive(Default)]
    struct Topic {
        position: i64,
        done: OffsetRanges,
    }

    impl Topic {
        fn commit(&mut self, progress: &mut Progress) {
            for step in progress.take_steps() {
                self.position = step.position;
                for (first, last) in step.done.to_vec() {
                    self.done.insert(first, last);
                }
            }
        }

        fn is_dealt_with(&self, offset: i64) -> bool {
            offset < self.position || self.done.contains(offset)
        }
    }

    proptest! {
        #[test]
        fn no_letter_that_is_left_is_passed_and_none_that_was_done_with_is_put_back_again(
            verdicts in proptest::collection::vec((verdict(), any::<bool>()), 1..60),
            crash_at in 0usize..60,
        ) {
            let mut topic = Topic::default();
            let mut progress = Progress::default();
            progress.partitions.insert(0, Partition::new(0, 60));
            let mut committed = 0;
            for (offset, (verdict, commits)) in (0i64..).zip(&verdicts).take(crash_at) {
                progress.note(0, offset, *verdict);
                if *commits {
                    topic.commit(&mut progress);
                    committed = offset + 1;
                }
            }
            for (offset, (verdict, _)) in (0i64..).zip(&verdicts) {
                let dealt_with = match verdict {
                    RedriveVerdict::Redrive | RedriveVerdict::Passed(_) => offset < committed,
                    // Markers hold nothing back, and reading one again does no harm.
                    RedriveVerdict::Marker | RedriveVerdict::Done => continue,
                    RedriveVerdict::Left(_) => false,
                };
                prop_assert_eq!(topic.is_dealt_with(offset), dealt_with, "offset {}", offset);
            }
        }
    }

    #[test]
    fn every_record_is_counted_once() {
        let mut progress = Progress::default();
        progress.partitions.insert(0, Partition::new(0, 9));
        let verdicts = [
            RedriveVerdict::Redrive,
            RedriveVerdict::Done,
            RedriveVerdict::Marker,
            RedriveVerdict::Passed(Passed::Expired),
            RedriveVerdict::Passed(Passed::Outdated),
            RedriveVerdict::Left(Left::NotAskedFor),
            RedriveVerdict::Left(Left::Malformed),
            RedriveVerdict::Left(Left::NotADeadLetter),
        ];
        for (offset, verdict) in (0..).zip(verdicts) {
            progress.note(0, offset, verdict);
        }
        let Summary {
            read,
            redriven,
            done_before,
            expired,
            outdated,
            left,
        } = progress.summary;
        assert_eq!((read, redriven, done_before), (7, 0, 1));
        assert_eq!((expired, outdated, left.total()), (1, 1, 3));
        assert_eq!(progress.partitions[&0].position(), 5);
    }
}
