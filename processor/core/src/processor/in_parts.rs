//! Goes on with a transaction that is staged or applied in parts.

use super::{Phase, Processor, Turn};
use crate::committer::in_flight::{InFlight, Round};
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::committer::stage::Stage;

/// The most items of a transaction that are staged or applied in one turn. Answers come and lookups
/// are sent between two turns, so a turn has to take less than an answer of the API.
const ITEMS_A_TURN: usize = 32;

impl Processor {
    /// Stages or applies some more items of the transaction under way. A handover sends no lookups,
    /// so it takes all items at once. Returns whether it did anything.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>) -> bool {
        let most = match self.phase {
            Phase::Running => ITEMS_A_TURN,
            Phase::HandingOver { .. } | Phase::Ended => usize::MAX,
        };
        match self.committer.in_flight.take() {
            Some(InFlight::Staging {
                mut stage,
                ready,
                staged,
                markers,
            }) => {
                let mut some = ready.iter().skip(staged).take(most);
                if let Err(error) = some.try_for_each(|one| self.stage_one(&mut stage, one)) {
                    self.fail(error, turn);
                    return true;
                }
                let staged = staged.saturating_add(most);
                if staged < ready.len() {
                    self.committer.in_flight = Some(InFlight::Staging {
                        stage,
                        ready,
                        staged,
                        markers,
                    });
                } else {
                    self.staged(*stage, ready, markers, turn);
                }
                true
            }
            Some(InFlight::Applying { mut effects, round }) => {
                for effect in effects.by_ref().take(most) {
                    self.apply(effect, turn);
                }
                if effects.len() > 0 {
                    self.committer.in_flight = Some(InFlight::Applying { effects, round });
                } else {
                    self.on_committed(round, turn);
                }
                true
            }
            committing => {
                self.committer.in_flight = committing;
                false
            }
        }
    }

    /// Takes a stage that has all decisions.
    fn staged(
        &mut self,
        stage: Stage,
        ready: Vec<ReadyToCommit>,
        markers: bool,
        turn: &mut Turn<'_>,
    ) {
        match self.stage_rest(stage, ready.len(), markers) {
            Ok(staged) => {
                if markers && !staged.has_more_markers {
                    self.committer.wrote_markers(turn.now.monotonic);
                }
                self.transact(staged, Round::Decided { ready, markers }, turn);
            }
            Err(error) => self.fail(error, turn),
        }
    }
}
