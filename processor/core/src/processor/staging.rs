//! Staging: turns decisions, markers, releases and dead letters into records, with the changes of
//! memory that follow their commit.

mod answers;
mod letters;
mod pending_markers;

use std::sync::Arc;

use stackone_link_wire::Topic;

use super::commit::Staged;
use super::{Disposition, Processor, Turn};
use crate::committer::effect::{Effect, SpanParent};
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::committer::stage::Stage;
use crate::partitions::Ready;
use crate::time::Monotonic;
use crate::work::{AccountKey, Work};

/// The most markers in one transaction, so that it is committed in time however many accounts wait.
/// The next transaction takes the rest.
const MOST_MARKERS: usize = 5_000;

/// Staging never fails for what the decision table makes; the signature is serde's.
type Staging = Result<(), serde_json::Error>;

impl Processor {
    /// Stages what follows the decisions of a transaction: the markers, where they are due, and the
    /// offsets.
    pub(super) fn stage_rest(
        &self,
        mut stage: Stage,
        decided: usize,
        markers: bool,
    ) -> Result<Staged, serde_json::Error> {
        if markers {
            self.stage_markers(&mut stage)?;
            self.stage_redacted(&mut stage, decided + MOST_MARKERS)?;
        }
        stage.add_offsets(&self.partitions);
        Ok(stage.into())
    }

    /// Stages this many of the held dead letters.
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

    /// Stages the releases of operators.
    pub(super) fn stage_releases(&self, turn: &Turn<'_>) -> Result<Staged, serde_json::Error> {
        let mut stage = self.begin_stage(turn);
        for release in &self.intake.releases {
            self.stage_release(&mut stage, release)?;
        }
        stage.add_offsets(&self.partitions);
        Ok(stage.into())
    }

    pub(super) fn begin_stage(&self, turn: &Turn<'_>) -> Stage {
        Stage::new(Arc::clone(&self.settings), turn.now.wall)
    }

    pub(super) fn stage_one(&self, stage: &mut Stage, one: &ReadyToCommit) -> Staging {
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
                self.stage_unusable(stage, record, (reason, detail), *seen);
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

    fn ready_and_asked(&self, key: &AccountKey) -> Option<(&Ready, &Work)> {
        let ready = self.partitions.ready(key.partition);
        ready.zip(self.scheduler.queue.work_in_flight(key))
    }

    /// Returns a span in the trace of the newest trigger, or in a new trace where it has none.
    fn span(&self, work: &Work, sent: Option<Monotonic>) -> SpanParent {
        let again = |trace| self.random.span_of(trace);
        let trace = work.trace.map_or_else(|| self.random.trace(), again);
        SpanParent { trace, sent }
    }

    fn events_topic(&self) -> String {
        self.settings.topics.name(Topic::AccountEvents).to_owned()
    }
}
