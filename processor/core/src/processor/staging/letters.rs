//! Stages dead letters.

use jiff::Timestamp;
use stackone_link_schemas::DeadLetterReason;
use stackone_link_wire::DeadLetterHeaders;

use super::Staging;
use crate::committer::effect::{AfterCommit, Effect, Finish};
use crate::committer::pending::{open_offsets, with_pending, without_answer};
use crate::committer::stage::Stage;
use crate::event::intake::Consumed;
use crate::processor::input::Refetched;
use crate::processor::{Disposition, Processor};

impl Processor {
    /// Stages the dead letter of a record that cannot be used.
    pub(super) fn stage_unusable(
        &self,
        stage: &mut Stage,
        record: &Consumed,
        (reason, detail): (&DeadLetterReason, &str),
        seen: Timestamp,
    ) {
        let (partition, offset) = (record.partition, record.offset);
        let headers = DeadLetterHeaders {
            reason: reason.clone(),
            detail: detail.to_owned(),
            attempts: 0,
            topic: self.events_topic(),
            partition,
            offset,
            first_seen: seen,
            last_seen: stage.now,
            value_expired: false,
        };
        stage.dead_letter(record, headers);
        let disposition = Disposition::DeadLettered {
            reason: reason.clone(),
            records: 1,
            detail: detail.to_owned(),
        };
        stage.effects.push(Effect::Passed {
            partition,
            offset,
            disposition,
        });
    }

    /// Stages the dead letters of an account whose lookup cannot succeed.
    pub(super) fn stage_given_up(&self, stage: &mut Stage, refetched: &Refetched) -> Staging {
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
}
