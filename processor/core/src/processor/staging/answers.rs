//! Stages decisions about the answers of lookups.

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::Pending;

use super::Staging;
use crate::committer::effect::{AfterCommit, Finish, SpanParent};
use crate::committer::pending::{merged, open_offsets, with_pending};
use crate::committer::stage::Stage;
use crate::event::records;
use crate::planted::{Fault, planted};
use crate::processor::guard::is_unlinked_as_vanished;
use crate::processor::{Disposition, Processor};
use crate::reconcile::{Case, Decision, apply, decide};
use crate::time::Monotonic;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

impl Processor {
    pub(super) fn stage_answer(
        &self,
        stage: &mut Stage,
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

    /// Stages a recheck where it is too early to decide: the marker keeps what is known so far.
    fn stage_recheck(
        &self,
        stage: &mut Stage,
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

    /// Returns the project whose key gave the answer: the configured id, or where it has none, the
    /// id that the trigger names.
    fn project_of<'a>(&'a self, lane: Lane, asked: &'a Work) -> Option<&'a str> {
        let configured = self.settings.projects.get(lane);
        let configured = configured.and_then(|project| project.id.as_deref());
        configured.or(asked.pending.project_id.as_deref())
    }
}
