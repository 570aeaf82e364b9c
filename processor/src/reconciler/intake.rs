//! Taking records in.

use crate::clock;
use jiff::Timestamp;
use stackone_link_wire::Topic;

use super::commit::Decided;
use super::partition::{Partition, Stage};
use super::unlinks::Release;
use super::{Reconciler, ReconcilerError};
use crate::consumer::Polled;
use crate::message::Message;
use stackone_processor_core::event::intake::{Consumed, Intake};
use stackone_processor_core::reconcile::SkipReason;
use stackone_processor_core::work::AccountKey;
use stackone_processor_core::work::queue::Lane;

/// Most records taken in before answers are looked at again.
const MAX_RECORDS: usize = 1000;

/// A poll comes back with nothing also when it served something that is no record, a log line for instance.
const MAX_EMPTY_POLLS: usize = 16;

impl Reconciler {
    /// Takes in what there is to read, and answers rebalances as they come.
    pub(super) fn poll(&mut self) -> Result<(), ReconcilerError> {
        self.readable
            .store(false, std::sync::atomic::Ordering::Release);
        let mut empty_polls = 0;
        for _ in 0..MAX_RECORDS {
            match self.consumer.poll() {
                Polled::Record(record) => {
                    self.consumed(*record);
                    self.keep_within_limit()?;
                }
                Polled::Error(error) => self.consumer_errors.tell(&error),
                Polled::Nothing => match self.consumer.next_rebalance() {
                    Some(rebalance) => self.rebalance(rebalance)?,
                    None if empty_polls >= MAX_EMPTY_POLLS => return Ok(()),
                    None => empty_polls += 1,
                },
            }
        }
        // There is more, and no bell will ring for what is there already.
        drop(self.post.send(Message::Readable));
        Ok(())
    }

    fn consumed(&mut self, record: Consumed) {
        let Some(partition) = self.partitions.get_mut(&record.partition) else {
            tracing::debug!(
                partition = record.partition,
                "record of a partition that was given up"
            );
            return;
        };
        match &mut partition.stage {
            Stage::Restoring { early } => early.push(record),
            Stage::Ready(_) => self.take_in(record),
        }
    }

    /// Takes in a record of a partition that is ready.
    pub(super) fn take_in(&mut self, record: Consumed) {
        self.note_gap(&record);
        let Some(ready) = self
            .partitions
            .get_mut(&record.partition)
            .and_then(|partition| partition.ready_mut())
        else {
            return;
        };
        ready.offsets.consumed(record.offset, record.bytes());
        self.surroundings.metrics.records_consumed.inc();
        self.sort(record);
    }

    /// Decides what a record is that was taken in.
    pub(super) fn sort(&mut self, record: Consumed) {
        let Some(ready) = self
            .partitions
            .get(&record.partition)
            .and_then(Partition::ready)
        else {
            return;
        };
        let topic = self.settings.topics.name(Topic::AccountEvents);
        let now = Timestamp::now();
        let (states, of_partitions) = (&ready.states, ready.of_partitions);
        let projects = &self.surroundings.projects;
        match record.sort(topic, of_partitions, projects, now, |key| {
            states.get(&key.id)
        }) {
            Intake::Look { key, lane, .. } if self.has_to_wait(&key, lane) => {
                self.park(key, record)
            }
            Intake::Look { key, lane, work } => {
                tracing::debug!(account = %key.id, offset = record.offset, "consumed");
                self.enqueue(key, lane, *work, clock::monotonic());
            }
            Intake::Replayed => self.pass(&record, SkipReason::Replayed),
            Intake::Listed {
                key,
                lane,
                run,
                work,
            } => self.listed(record, key, lane, run, work),
            Intake::Marker { lane, marker } => self.marked(&record, lane, &marker),
            Intake::UnlinksReleased { lane, said_at } => self.unlinks.releases.push(Release {
                partition: record.partition,
                offset: record.offset,
                lane,
                said_at,
            }),
            Intake::Unusable { reason, detail } => {
                tracing::warn!(partition = record.partition, offset = record.offset, %reason, detail, "record is put aside");
                self.decided.push(Decided::Unusable {
                    record: Box::new(record),
                    reason,
                    detail,
                    seen: now,
                });
            }
        }
    }

    /// Another project's webhook for the same account is being decided: until then it is not known whose the account
    /// is. Or triggers are not to merge. What comes after one that waits does so, too: once it was taken in, the earlier one
    /// would count as taken in before.
    pub(super) fn has_to_wait(&self, key: &AccountKey, lane: Lane) -> bool {
        let merges = self.settings.merges_triggers;
        let queued = self.lane_of(key);
        self.parked.contains_key(key) || queued.is_some_and(|other| other != lane || !merges)
    }

    pub(super) fn park(&mut self, key: AccountKey, record: Consumed) {
        self.parked.entry(key).or_default().push_back(record);
    }

    /// Takes in what waited for an account to be decided, up to the first that has to wait again.
    pub(super) fn unpark(&mut self, key: &AccountKey) {
        let Some(mut waiting) = self.parked.remove(key) else {
            return;
        };
        while let Some(record) = waiting.pop_front() {
            self.sort(record);
            if let Some(again) = self.parked.get_mut(key) {
                again.append(&mut waiting);
            }
        }
    }

    /// The record asks for nothing.
    pub(super) fn pass(&mut self, record: &Consumed, reason: SkipReason) {
        let (partition, offset) = (record.partition, record.offset);
        self.decided.push(Decided::Passed {
            partition,
            offset,
            reason,
        });
    }

    /// A later offset than the expected one is harmless where control records lie between, and must be told where records
    /// were deleted before they were read: see [`Self::ask_cluster`]. An earlier one means that the topic was made again.
    fn note_gap(&mut self, record: &Consumed) {
        let ready = self
            .partitions
            .get_mut(&record.partition)
            .and_then(|partition| partition.ready_mut());
        let Some(ready) = ready else { return };
        let expected = ready.offsets.next();
        if record.offset > expected {
            ready.gaps.note(expected);
        }
        if record.offset < expected {
            self.out_of_range(record.partition, expected, record.offset);
        }
    }

    pub(super) fn out_of_range(&mut self, partition: i32, expected: i64, next: i64) {
        self.surroundings.metrics.offsets_out_of_range.inc();
        let what_now = if self.resyncs.ask_for() {
            "a resync begins"
        } else {
            "run a resync"
        };
        tracing::error!(
            partition,
            expected,
            next,
            "the topic no longer holds the next record; going on from the earliest one. Webhooks may have been missed: \
             {what_now}"
        );
    }
}
