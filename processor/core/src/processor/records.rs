//! Takes consumed records, and routes each to the queue, a resync's list, a dead letter, or
//! nothing.

use crate::committer::ready_to_commit::ReadyToCommit;
use crate::event::intake::{Consumed, Sorted};
use crate::intake::Release;
use crate::offsets::open_records::IntakeSwitch;
use crate::partitions::OutOfRange;
use crate::planted::{Fault, planted};
use crate::reconcile::SkipReason;
use crate::work::AccountKey;
use crate::work::queue::Lane;

use super::{Action, Fact, Processor, Turn};
use stackone_link_wire::Topic;

impl Processor {
    /// Takes a polled record. A record of a partition that is being restored waits there.
    pub(super) fn on_record(&mut self, record: Consumed, turn: &mut Turn<'_>) {
        let Some(record) = self.partitions.accept(record) else {
            return;
        };
        self.take_in(record, turn);
        self.keep_within_limit(turn);
    }

    /// Takes a record of a partition that is processed.
    pub(super) fn take_in(&mut self, record: Consumed, turn: &mut Turn<'_>) {
        if let Some(lost) = self.partitions.consumed(&record) {
            self.out_of_range(lost, turn);
        }
        if planted(Fault::OffsetPassedEarly) {
            self.partitions
                .close_offset(record.partition, record.offset);
        }
        turn.note(Fact::Consumed);
        self.classify(record, turn);
    }

    /// Decides what a record is, and routes it.
    fn classify(&mut self, record: Consumed, turn: &mut Turn<'_>) {
        let Some(ready) = self.partitions.ready(record.partition) else {
            return;
        };
        let topic = self.settings.topics.name(Topic::AccountEvents);
        let (states, of_partitions) = (&ready.states, ready.of_partitions);
        let projects = &self.settings.projects;
        let state_of = |key: &AccountKey| states.get(&key.id);
        match record.sort(topic, of_partitions, projects, turn.now.wall, state_of) {
            Sorted::Look { key, lane, .. } if self.has_to_wait_for_other(&key, lane) => {
                self.intake.park(key, record);
            }
            Sorted::Look { key, lane, work } => {
                let scheduler = &mut self.scheduler;
                scheduler.enqueue(key, lane, *work, &self.partitions, turn.now);
            }
            Sorted::Replayed => self.pass(&record, SkipReason::Replayed),
            Sorted::Listed {
                key,
                lane,
                run,
                work,
            } => self.listed(record, (key, lane), run, work, turn),
            Sorted::Marker { lane, marker } => self.marked(&record, lane, &marker, turn),
            Sorted::UnlinksReleased { lane, said_at } => self.intake.releases.push(Release {
                partition: record.partition,
                offset: record.offset,
                lane,
                said_at,
            }),
            Sorted::Unusable { reason, detail } => {
                turn.note(Fact::PutAside {
                    partition: record.partition,
                    offset: record.offset,
                    reason: &reason,
                    detail: &detail,
                });
                self.committer.ready.push(ReadyToCommit::Unusable {
                    record: Box::new(record),
                    reason,
                    detail,
                    seen: turn.now.wall,
                });
            }
        }
    }

    /// Whether a record waits because another project's trigger for the same account is undecided,
    /// and so it is not known which project owns the account; or because triggers are not to merge.
    pub(super) fn has_to_wait_for_other(&self, key: &AccountKey, lane: Lane) -> bool {
        let merges = self.settings.merges_triggers;
        let queued = self.scheduler.lane_of(key);
        self.intake.is_parked(key) || queued.is_some_and(|other| other != lane || !merges)
    }

    /// Takes the records that waited for an account's decision, up to the first that has to wait
    /// again.
    pub(super) fn unpark(&mut self, key: &AccountKey, turn: &mut Turn<'_>) {
        let mut waiting = self.intake.unpark(key);
        while let Some(record) = waiting.pop_front() {
            self.classify(record, turn);
            self.intake.park_again(key, &mut waiting);
        }
    }

    /// Lets a record pass that needs no lookup.
    pub(super) fn pass(&mut self, record: &Consumed, reason: SkipReason) {
        let (partition, offset) = (record.partition, record.offset);
        self.committer.ready.push(ReadyToCommit::Passed {
            partition,
            offset,
            reason,
        });
    }

    pub(super) fn out_of_range(&mut self, lost: OutOfRange, turn: &mut Turn<'_>) {
        let is_listed = self.intake.resync_runs.ask_for();
        turn.note(Fact::OutOfRange {
            partition: lost.partition,
            expected: lost.expected,
            next: lost.next,
            is_listed,
        });
    }

    /// Pauses all partitions at the limit of open records, or resumes those that are restored.
    pub(super) fn keep_within_limit(&mut self, turn: &mut Turn<'_>) {
        let Some((change, open, partitions)) = self.partitions.turn() else {
            return;
        };
        let is_paused = match change {
            IntakeSwitch::Pause => true,
            IntakeSwitch::Resume => false,
        };
        turn.note(Fact::IntakePaused {
            is_paused,
            open,
            dead_letters_held: self.committer.held.len(),
        });
        self.actions.push_back(if is_paused {
            Action::Pause(partitions)
        } else {
            Action::Resume(partitions)
        });
    }
}
