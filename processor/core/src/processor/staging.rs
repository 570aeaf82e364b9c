//! Staging: what is decided, undecided, released or put aside becomes records, and what they change once committed.

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::{Grace, Pending};
use stackone_link_wire::{DeadLetterHeaders, Topic};

use super::commit::Staged;
use super::guard::is_unlinked_as_vanished;
use super::input::Refetched;
use super::{Disposition, Processor, Turn};
use crate::committer::effect::{AfterCommit, Effect, Finish, SpanParent};
use crate::committer::pending::{merged, open_offsets, with_pending, without_answer};
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::committer::stage::Stage;
use crate::event::records;
use crate::intake::Release;
use crate::partitions::Ready;
use crate::planted::{Fault, planted};
use crate::reconcile::{Case, Decision, SkipReason, apply, decide};
use crate::time::Monotonic;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// Most markers of one transaction, so that it can be committed in time however many accounts wait; the rest goes into
/// the next.
const MOST_MARKERS: usize = 5_000;

/// What can go wrong: never anything, for what the decision table makes.
type Staging = Result<(), serde_json::Error>;

/// What is undecided of an account, and the offsets that a record of it accounts for.
struct Undecided {
    pending: Pending,
    close: Vec<i64>,
    span: SpanParent,
}

impl Processor {
    /// Stages what is decided and, where they are due, the markers of what is not.
    pub(super) fn stage_decided(
        &self,
        ready: &[ReadyToCommit],
        markers: bool,
        turn: &Turn<'_>,
    ) -> Result<Staged, serde_json::Error> {
        let mut stage = self.begin_stage(turn);
        for one in ready {
            self.stage_one(&mut stage, one)?;
        }
        if markers {
            self.stage_markers(&mut stage)?;
            self.stage_redacted(&mut stage, ready.len() + MOST_MARKERS)?;
        }
        stage.add_offsets(&self.partitions);
        Ok(stage.into())
    }

    /// Stages so many of the dead letters that are held.
    pub(super) fn stage_letters(
        &self,
        count: usize,
        turn: &Turn<'_>,
    ) -> Result<Staged, serde_json::Error> {
        let mut stage = self.begin_stage(turn);
        for letter in self.committer.held.iter().take(count) {
            self.stage_one(&mut stage, letter)?;
        }
        stage.add_offsets(&self.partitions);
        Ok(stage.into())
    }

    /// Stages what operators released.
    pub(super) fn stage_releases(&self, turn: &Turn<'_>) -> Result<Staged, serde_json::Error> {
        let mut stage = self.begin_stage(turn);
        for release in &self.intake.releases {
            self.stage_release(&mut stage, release)?;
        }
        stage.add_offsets(&self.partitions);
        Ok(stage.into())
    }

    fn begin_stage(&self, turn: &Turn<'_>) -> Stage<'_> {
        Stage::new(&self.settings.topics, turn.now.wall)
    }

    fn stage_one(&self, stage: &mut Stage<'_>, one: &ReadyToCommit) -> Staging {
        match one {
            ReadyToCommit::Answered {
                key,
                lane,
                lookup,
                sent,
                at,
            } => self.stage_answer(stage, (key, *lane), lookup, (*sent, *at)),
            ReadyToCommit::GivenUp(refetched) => self.stage_given_up(stage, refetched),
            ReadyToCommit::Unusable {
                record,
                reason,
                detail,
                seen,
            } => {
                let (partition, offset) = (record.partition, record.offset);
                let headers = DeadLetterHeaders {
                    reason: reason.clone(),
                    detail: detail.clone(),
                    attempts: 0,
                    topic: self.events_topic(),
                    partition,
                    offset,
                    first_seen: *seen,
                    last_seen: stage.now,
                    value_expired: false,
                };
                stage.dead_letter(record, headers);
                let disposition = Disposition::DeadLettered {
                    reason: reason.clone(),
                    records: 1,
                    detail: detail.clone(),
                };
                stage.effects.push(Effect::Passed {
                    partition,
                    offset,
                    disposition,
                });
                Ok(())
            }
            ReadyToCommit::Passed {
                partition,
                offset,
                reason,
            } => {
                let (partition, offset) = (*partition, *offset);
                let disposition = Disposition::Skipped(reason.as_str());
                stage.effects.push(Effect::Passed {
                    partition,
                    offset,
                    disposition,
                });
                Ok(())
            }
        }
    }

    fn stage_answer(
        &self,
        stage: &mut Stage<'_>,
        (key, lane): (&AccountKey, Lane),
        lookup: &Lookup,
        (sent, at): (Monotonic, Timestamp),
    ) -> Staging {
        let Some((ready, asked)) = self.ready_and_asked(key) else {
            return Ok(());
        };
        let state = ready.states.get(&key.id);
        let with_newer = Work::without_record(merged(asked, self.scheduler.queue.waiting(key)));
        let asked = if planted(Fault::NewTriggersDecidedByOldAnswer) {
            &with_newer
        } else {
            asked
        };
        let case = Case {
            state: state.as_ref(),
            pending: &asked.pending,
            answer: lookup,
            now: at,
        };
        let span = self.span(asked, Some(sent));
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
            return self.stage_recheck(stage, key, (lane, due_at), pending, span);
        }
        let waiting = self.scheduler.queue.waiting(key);
        let (project, lag_recheck) = (
            self.project_of(lane, asked),
            self.settings.periods.lag_recheck,
        );
        let transition = apply(&key.id, &case, decision, project, lag_recheck);
        let disposition = match decision {
            Decision::Skip(reason) => Disposition::Skipped(reason.as_str()),
            Decision::Emit(_) | Decision::Recheck { .. } => Disposition::Emitted,
        };
        if let Some(event) = &transition.event {
            let records = records::lifecycle(&self.settings.topics, event, span.trace)?;
            stage.batch.records.extend(records);
        }
        let pending = waiting.map(|work| work.pending.clone());
        let state = with_pending(transition.state, key, pending);
        let then = AfterCommit::Finish(Finish {
            lane,
            disposition,
            total: asked.pending.total,
            is_vanished: is_unlinked_as_vanished(&case, decision),
            event: transition.event.map(Box::new),
            recheck: state.as_ref().and_then(|state| state.recheck),
        });
        let close = open_offsets(asked, waiting);
        stage.account(ready, key, state.as_ref(), (close, then, span))
    }

    /// It is too early to tell: what is known by now is written down.
    fn stage_recheck(
        &self,
        stage: &mut Stage<'_>,
        key: &AccountKey,
        (lane, due_at): (Lane, Timestamp),
        pending: Pending,
        span: SpanParent,
    ) -> Staging {
        let Some((ready, asked)) = self.ready_and_asked(key) else {
            return Ok(());
        };
        let waiting = self.scheduler.queue.waiting(key);
        let undecided = merged(&Work::without_record(pending.clone()), waiting);
        let state = with_pending(ready.states.get(&key.id), key, Some(undecided));
        let close = open_offsets(asked, waiting);
        let then = AfterCommit::Recheck {
            lane,
            due_at,
            pending: Box::new(pending),
        };
        stage.account(ready, key, state.as_ref(), (close, then, span))
    }

    fn stage_given_up(&self, stage: &mut Stage<'_>, refetched: &Refetched) -> Staging {
        let Refetched {
            key,
            epoch,
            reason,
            detail,
            originals,
        } = refetched;
        let is_ours = self.partitions.is_ours(key.partition, *epoch);
        let Some((ready, asked)) = self.ready_and_asked(key).filter(|_| is_ours) else {
            return Ok(());
        };
        for (record, value_expired) in originals {
            let headers = DeadLetterHeaders {
                reason: reason.clone(),
                detail: detail.clone(),
                attempts: asked.pending.lookups,
                topic: self.events_topic(),
                partition: record.partition,
                offset: record.offset,
                first_seen: asked.pending.since,
                last_seen: stage.now,
                value_expired: *value_expired,
            };
            stage.dead_letter(record, headers);
        }
        let waiting = self.scheduler.queue.waiting(key);
        let state = ready.states.get(&key.id).filter(|state| state.version > 0);
        let state = state.map(|state| without_answer(state, &asked.pending, stage.now));
        let state = with_pending(state, key, waiting.map(|work| work.pending.clone()));
        let named = asked.pending.project_id.as_deref();
        let then = AfterCommit::Finish(Finish {
            lane: self.settings.projects.lane_of(named).unwrap_or(0),
            disposition: Disposition::DeadLettered {
                reason: reason.clone(),
                records: u64::try_from(originals.len()).unwrap_or(u64::MAX),
                detail: detail.clone(),
            },
            total: asked.pending.total,
            is_vanished: false,
            event: None,
            recheck: state.as_ref().and_then(|state| state.recheck),
        });
        let close = open_offsets(asked, waiting);
        let span = self.span(asked, None);
        stage.account(ready, key, state.as_ref(), (close, then, span))
    }

    /// Writes down what is undecided, so that its records hold back no commit and survive a restart.
    fn stage_markers(&self, stage: &mut Stage<'_>) -> Staging {
        let keys = self.scheduler.queue.keys_where(Work::is_unwritten);
        let keys = keys.filter(|key| !stage.has(key)).take(MOST_MARKERS + 1);
        let mut keys: Vec<AccountKey> = keys.cloned().collect();
        stage.has_more_markers = keys.len() > MOST_MARKERS;
        keys.truncate(MOST_MARKERS);
        for key in &keys {
            if let Some(undecided) = self.undecided(key) {
                self.stage_undecided(stage, key, undecided, AfterCommit::Keep)?;
            }
        }
        Ok(())
    }

    /// Writes states again whose records still have personal data that is not kept any more, as many as there is room for
    /// where a transaction may change `most` things.
    fn stage_redacted(&self, stage: &mut Stage<'_>, most: usize) -> Staging {
        let room = most.saturating_sub(stage.effects.len());
        let outdated = self.partitions.all_ready().flat_map(|(partition, ready)| {
            let ids = ready.states.outdated().cloned();
            ids.map(move |id| (ready, AccountKey { partition, id }))
        });
        let mut outdated = outdated.filter(|(_, key)| !stage.has(key)).take(room + 1);
        let due: Vec<_> = outdated.by_ref().take(room).collect();
        stage.has_more_markers |= outdated.next().is_some();
        for (ready, key) in due {
            let span = SpanParent {
                trace: self.random.trace(),
                sent: None,
            };
            stage.redacted(ready, key, span)?;
        }
        Ok(())
    }

    fn stage_release(&self, stage: &mut Stage<'_>, release: &Release) -> Staging {
        let Release {
            partition,
            offset,
            lane,
            said_at,
        } = *release;
        for key in self.intake.guard.releasable(lane, partition, said_at) {
            let undecided = self.undecided(key).filter(|_| !stage.has(key));
            let Some(mut undecided) = undecided else {
                continue;
            };
            let released_at = Some(said_at);
            let grace = undecided.pending.grace;
            undecided.pending.grace = grace.map(|grace| Grace {
                released_at,
                ..grace
            });
            let then = AfterCommit::Release { lane, said_at };
            self.stage_undecided(stage, key, undecided, then)?;
        }
        let disposition = Disposition::Skipped(SkipReason::Marker.as_str());
        stage.effects.push(Effect::Passed {
            partition,
            offset,
            disposition,
        });
        Ok(())
    }

    fn undecided(&self, key: &AccountKey) -> Option<Undecided> {
        let queue = &self.scheduler.queue;
        let (asked, waiting) = (queue.asked(key), queue.waiting(key));
        let first = asked.or(waiting)?;
        let since = waiting.filter(|_| asked.is_some());
        Some(Undecided {
            pending: merged(first, since),
            close: open_offsets(first, since),
            span: self.span(first, None),
        })
    }

    fn stage_undecided(
        &self,
        stage: &mut Stage<'_>,
        key: &AccountKey,
        undecided: Undecided,
        then: AfterCommit,
    ) -> Staging {
        let Some(ready) = self.partitions.ready(key.partition) else {
            return Ok(());
        };
        let Undecided {
            pending,
            close,
            span,
        } = undecided;
        let state = with_pending(ready.states.get(&key.id), key, Some(pending));
        stage.account(ready, key, state.as_ref(), (close, then, span))
    }

    fn ready_and_asked(&self, key: &AccountKey) -> Option<(&Ready, &Work)> {
        let ready = self.partitions.ready(key.partition);
        ready.zip(self.scheduler.queue.asked(key))
    }

    /// A new part in the trace of the newest trigger, or in one that begins here.
    fn span(&self, work: &Work, sent: Option<Monotonic>) -> SpanParent {
        let again = |trace| self.random.span_of(trace);
        let trace = work.trace.map_or_else(|| self.random.trace(), again);
        SpanParent { trace, sent }
    }

    fn events_topic(&self) -> String {
        self.settings.topics.name(Topic::AccountEvents).to_owned()
    }

    /// The project whose API key gave the answer: the configured one, or where it has no id, the one the trigger names.
    fn project_of<'a>(&'a self, lane: Lane, asked: &'a Work) -> Option<&'a str> {
        let configured = self.settings.projects.get(lane);
        let configured = configured.and_then(|project| project.id.as_deref());
        configured.or(asked.pending.project_id.as_deref())
    }
}
