//! Applies committed transactions to memory.

use super::{Disposition, Fact, LookupOutcome, Processor, Turn};
use crate::committer::effect::{AccountEffect, AfterCommit, Effect, Finish, SpanParent};
use crate::work::{AccountKey, Failures};

impl Processor {
    /// Applies one change of a committed transaction.
    pub(super) fn apply(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Passed {
                partition,
                offset,
                disposition,
            } => {
                self.partitions.close_offset(partition, offset);
                note_disposed(&disposition, 1, turn);
            }
            Effect::Account(effect) => self.apply_to_account(*effect, turn),
            Effect::Redacted { key, value } => self.partitions.wrote(&key, value.as_deref()),
        }
    }

    fn apply_to_account(&mut self, effect: AccountEffect, turn: &mut Turn<'_>) {
        let AccountEffect {
            key,
            written,
            close,
            span,
            then,
            outcome,
        } = effect;
        note_decided(&key, span, &then, turn);
        for offset in close {
            self.partitions.close_offset(key.partition, offset);
        }
        // The written record holds everything known of the account, so its older open records hold
        // back no commit.
        let works = self.scheduler.queue.work_mut(&key);
        works.for_each(|work| work.was_written(outcome.as_ref()));
        if let Some(value) = written {
            self.partitions.wrote(&key, value.as_deref());
        }
        match then {
            AfterCommit::Keep => {}
            AfterCommit::Release { lane, said_at } => self.released(key, lane, said_at, turn),
            AfterCommit::Recheck {
                lane,
                due_at,
                pending,
            } => {
                self.intake.guard.undecided(lane, &key, pending.grace);
                let (at, now) = (turn.now.monotonic_at(due_at), turn.now.monotonic);
                self.scheduler.queue.recheck(&key, at, now, |work| {
                    work.pending = *pending;
                    work.failures = Failures::default();
                });
            }
            AfterCommit::Finish(finish) => self.finish(key, finish, turn),
        }
    }

    fn finish(&mut self, key: AccountKey, finish: Finish, turn: &mut Turn<'_>) {
        let Finish {
            lane,
            disposition,
            total,
            is_vanished,
            event,
            recheck,
        } = finish;
        let guard = &mut self.intake.guard;
        guard.decided(lane, &key, is_vanished, turn.now.wall);
        note_disposed(&disposition, total, turn);
        if let Disposition::DeadLettered {
            reason,
            records,
            detail,
        } = &disposition
        {
            turn.note(Fact::AccountPutAside {
                key: &key,
                reason,
                records: *records,
                detail,
            });
        }
        if let Some(event) = &event {
            turn.note(Fact::Emitted { lane, event });
        }
        let queue = &mut self.scheduler.queue;
        queue.finish(&key, turn.now.monotonic);
        let is_free = queue.lane_of(&key).is_none();
        if queue.waiting(&key).is_none() {
            self.schedule_recheck(key.clone(), lane, recheck, turn);
        }
        if is_free {
            self.unpark(&key, turn);
        }
    }
}

fn note_disposed(disposition: &Disposition, total: u64, turn: &mut Turn<'_>) {
    turn.note(Fact::Disposed { disposition, total });
}

/// Reports a lookup whose decision is committed.
fn note_decided(key: &AccountKey, span: SpanParent, then: &AfterCommit, turn: &mut Turn<'_>) {
    let Some(sent) = span.sent else { return };
    let (lane, outcome) = match then {
        AfterCommit::Keep | AfterCommit::Release { .. } => return,
        AfterCommit::Recheck { lane, .. } => (*lane, LookupOutcome::Recheck),
        AfterCommit::Finish(finish) => {
            let event = finish.event.as_ref();
            let outcome = match &finish.disposition {
                Disposition::Emitted => {
                    LookupOutcome::Emitted(event.map_or("", |event| event.event_type.as_str()))
                }
                Disposition::Skipped(reason) => LookupOutcome::Skipped(reason),
                Disposition::DeadLettered { .. } => return,
            };
            (finish.lane, outcome)
        }
    };
    let trace = span.trace;
    turn.note(Fact::Decided {
        key,
        lane,
        trace,
        sent,
        outcome,
    });
}
