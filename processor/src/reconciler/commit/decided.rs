//! Staging what is decided.

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::Pending;
use stackone_link_wire::{DeadLetterHeaders, Topic};
use stackone_processor_core::time::Monotonic;

use super::Decided;
use super::effect::{Disposition, Effect, Finish, Then};
use super::pending::{merged, open_offsets, with_pending, without_answer};
use super::span::Part;
use super::stage::Stage;
use crate::message::GivenUp;
use crate::reconciler::partition::Ready;
use crate::reconciler::unlinks::is_unlinked_as_vanished;
use crate::reconciler::{Reconciler, ReconcilerError};
use stackone_processor_core::event::records;
use stackone_processor_core::reconcile::{Case, Decision, apply, decide};
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

impl Reconciler {
    pub(super) fn stage_decided(
        &self,
        stage: &mut Stage,
        decided: &Decided,
    ) -> Result<(), ReconcilerError> {
        match decided {
            Decided::Answered {
                key,
                lane,
                lookup,
                sent,
                at,
            } => self.stage_answer(stage, key, *lane, lookup, (*sent, *at)),
            Decided::GivenUp(given_up) => self.stage_given_up(stage, given_up),
            Decided::Unusable {
                record,
                reason,
                detail,
                seen,
            } => {
                let topic = self.settings.topics.name(Topic::AccountEvents).to_owned();
                stage.dead_letter(
                    record,
                    DeadLetterHeaders {
                        reason: reason.clone(),
                        detail: detail.clone(),
                        attempts: 0,
                        topic,
                        partition: record.partition,
                        offset: record.offset,
                        first_seen: *seen,
                        last_seen: stage.now,
                        value_expired: false,
                    },
                );
                let disposition = Disposition::DeadLettered {
                    reason: reason.to_string(),
                    records: 1,
                };
                let (partition, offset) = (record.partition, record.offset);
                stage.effects.push(Effect::Passed {
                    partition,
                    offset,
                    disposition,
                });
                Ok(())
            }
            Decided::Passed {
                partition,
                offset,
                reason,
            } => {
                let disposition = Disposition::Skipped(reason.as_str());
                stage.effects.push(Effect::Passed {
                    partition: *partition,
                    offset: *offset,
                    disposition,
                });
                Ok(())
            }
        }
    }

    fn stage_answer(
        &self,
        stage: &mut Stage,
        key: &AccountKey,
        lane: Lane,
        lookup: &Lookup,
        (sent, at): (Monotonic, Timestamp),
    ) -> Result<(), ReconcilerError> {
        let Some((ready, asked)) = self.ready(key).zip(self.queue.asked(key)) else {
            return Ok(());
        };
        let state = ready.states.get(&key.id);
        let case = Case {
            state: state.as_ref(),
            pending: &asked.pending,
            answer: lookup,
            now: at,
        };
        let part = Part::lookup(asked, sent);
        let decision = self.guarded(lane, &case, decide(&case, &self.settings.periods));
        if let Decision::Recheck {
            due_at,
            trigger,
            grace,
            lag_recheck_used,
        } = decision
        {
            let pending = Pending {
                trigger,
                grace,
                lag_recheck_used,
                ..asked.pending.clone()
            };
            return self.stage_recheck(stage, key, (lane, due_at), pending, part);
        }
        let waiting = self.queue.waiting(key);
        let transition = apply(&key.id, &case, decision, self.project_of(lane, asked));
        let disposition = match decision {
            Decision::Skip(reason) => Disposition::Skipped(reason.as_str()),
            Decision::Emit(_) | Decision::Recheck { .. } => Disposition::Emitted,
        };
        if let Some(event) = &transition.event {
            stage.batch.records.extend(records::lifecycle(
                &self.settings.topics,
                event,
                part.trace,
            )?);
        }
        let state = with_pending(
            transition.state,
            key,
            waiting.map(|work| work.pending.clone()),
        );
        let then = Then::Finish(Finish {
            lane,
            disposition,
            total: asked.pending.total,
            is_vanished: is_unlinked_as_vanished(&case, decision),
            event: transition.event.map(Box::new),
            recheck: state.as_ref().and_then(|state| state.recheck),
        });
        let close = open_offsets(asked, waiting);
        stage.account(ready, key, state.as_ref(), close, then, part)
    }

    /// It is too early to tell: what is known by now is written down.
    fn stage_recheck(
        &self,
        stage: &mut Stage,
        key: &AccountKey,
        (lane, due_at): (Lane, Timestamp),
        pending: Pending,
        part: Part,
    ) -> Result<(), ReconcilerError> {
        let Some((ready, asked)) = self.ready(key).zip(self.queue.asked(key)) else {
            return Ok(());
        };
        let waiting = self.queue.waiting(key);
        let undecided = merged(&Work::without_record(pending.clone()), waiting);
        let state = with_pending(ready.states.get(&key.id), key, Some(undecided));
        let close = open_offsets(asked, waiting);
        let then = Then::Recheck {
            lane,
            due_at,
            pending: Box::new(pending),
        };
        stage.account(ready, key, state.as_ref(), close, then, part)
    }

    fn stage_given_up(&self, stage: &mut Stage, given_up: &GivenUp) -> Result<(), ReconcilerError> {
        let GivenUp {
            key,
            epoch,
            reason,
            detail,
            originals,
        } = given_up;
        let partition = self.partitions.get(&key.partition);
        let is_ours = partition.is_some_and(|partition| partition.epoch == *epoch);
        let found = self.ready(key).zip(self.queue.asked(key));
        let Some((ready, asked)) = found.filter(|_| is_ours) else {
            return Ok(());
        };
        let topic = self.settings.topics.name(Topic::AccountEvents);
        for (record, value_expired) in originals {
            stage.dead_letter(
                record,
                DeadLetterHeaders {
                    reason: reason.clone(),
                    detail: detail.clone(),
                    attempts: asked.pending.lookups,
                    topic: topic.to_owned(),
                    partition: record.partition,
                    offset: record.offset,
                    first_seen: asked.pending.since,
                    last_seen: stage.now,
                    value_expired: *value_expired,
                },
            );
        }
        let waiting = self.queue.waiting(key);
        let state = ready.states.get(&key.id).filter(|state| state.version > 0);
        let state = state.map(|state| without_answer(state, &asked.pending, stage.now));
        let state = with_pending(state, key, waiting.map(|work| work.pending.clone()));
        let records = u64::try_from(originals.len()).unwrap_or(u64::MAX);
        let lane = self
            .surroundings
            .projects
            .lane_of(asked.pending.project_id.as_deref());
        let then = Then::Finish(Finish {
            lane: lane.unwrap_or(0),
            disposition: Disposition::DeadLettered {
                reason: reason.to_string(),
                records,
            },
            total: asked.pending.total,
            is_vanished: false,
            event: None,
            recheck: state.as_ref().and_then(|state| state.recheck),
        });
        stage.account(
            ready,
            key,
            state.as_ref(),
            open_offsets(asked, waiting),
            then,
            Part::of(asked),
        )
    }

    /// The project whose API key gave the answer: the configured one, or where it has no id, the one the trigger names.
    fn project_of<'a>(&'a self, lane: Lane, asked: &'a Work) -> Option<&'a str> {
        let configured = self
            .surroundings
            .projects
            .get(lane)
            .and_then(|project| project.id.as_deref());
        configured.or(asked.pending.project_id.as_deref())
    }

    pub(in crate::reconciler) fn ready(&self, key: &AccountKey) -> Option<&Ready> {
        self.partitions
            .get(&key.partition)
            .and_then(|partition| partition.ready())
    }
}
