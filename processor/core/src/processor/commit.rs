//! Runs the transactions of a round: decisions, then releases, then dead letters that need a
//! transaction of their own. Memory changes only after each commit.

use std::time::Duration;

use super::input::Transacted;
use super::{Action, Fact, Failure, Processor, Turn};
use crate::committer::effect::Effect;
use crate::committer::in_flight::{InFlight, Round};
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::committer::stage::Stage;
use crate::event::records::Batch;
use crate::planted::{Fault, planted};
use stackone_link_wire::Topic;

/// The content of a staged transaction.
pub(super) struct Staged {
    batch: Batch,
    effects: Vec<Effect>,
    /// Whether more markers are due than the transaction takes.
    pub(super) has_more_markers: bool,
}

impl From<Stage> for Staged {
    fn from(stage: Stage) -> Self {
        Self {
            batch: stage.batch,
            effects: stage.effects,
            has_more_markers: stage.has_more_markers,
        }
    }
}

impl Processor {
    pub(super) fn commit_what_is_due(&mut self, turn: &mut Turn<'_>) {
        let has_lookups = self.scheduler.queue.in_flight() > 0;
        if self.committer.may_begin(has_lookups, turn.now.monotonic) {
            self.begin_round(turn);
        } else if self.go_on(turn) {
            self.after_transaction(turn);
        }
    }

    /// Begins a round with the decisions, and with markers if they are due.
    pub(super) fn begin_round(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        for letter in self.committer.set_letters_apart(now) {
            self.hold(letter, turn);
        }
        let markers = self.committer.markers_are_due(now);
        if self.committer.ready.is_empty() && !markers {
            return self.commit_releases(turn);
        }
        let ready = std::mem::take(&mut self.committer.ready);
        self.committer.in_flight = Some(InFlight::Staging {
            stage: Box::new(self.begin_stage(turn)),
            ready,
            staged: 0,
            markers,
        });
        self.go_on(turn);
    }

    /// Commits releases together with the offsets of the operator's records, so that no crash can
    /// come between. They have a transaction of their own, because an account that is decided in
    /// the same transaction would have two states in it.
    fn commit_releases(&mut self, turn: &mut Turn<'_>) {
        if self.intake.releases.is_empty() {
            return self.commit_letters(turn);
        }
        self.recall_releasable(turn);
        match self.stage_releases(turn) {
            Ok(staged) => self.transact(staged, Round::Releases, turn),
            Err(error) => self.fail(error, turn),
        }
    }

    /// Commits held dead letters, if they are due.
    fn commit_letters(&mut self, turn: &mut Turn<'_>) {
        let count = self.committer.letters_to_commit(turn.now.monotonic);
        if count == 0 {
            return;
        }
        match self.stage_letters(count, turn) {
            Ok(staged) => self.transact(staged, Round::Letters(count), turn),
            Err(error) => self.fail(error, turn),
        }
    }

    /// Asks for a transaction. An empty one is skipped.
    pub(super) fn transact(&mut self, staged: Staged, round: Round, turn: &mut Turn<'_>) {
        let Staged { batch, effects, .. } = staged;
        let began = turn.now.monotonic;
        if effects.is_empty() {
            if matches!(round, Round::Decided { markers: true, .. }) {
                self.committer.rest();
            }
            return self.on_committed(round, turn);
        }
        let Some(generation) = self.partitions.generation() else {
            // Nothing is staged before an assignment, and an assignment brings a generation.
            // Without a generation no partition is assigned, so there is nothing to commit.
            return self.put_back(round, turn);
        };
        self.committer.in_flight = Some(InFlight::Committing {
            effects,
            round,
            began,
        });
        self.actions
            .push_back(Action::Transact { generation, batch });
    }

    /// Takes the end of a transaction.
    pub(super) fn on_transacted(&mut self, transacted: Transacted, turn: &mut Turn<'_>) {
        let (effects, round, began) = match self.committer.in_flight.take() {
            Some(InFlight::Committing {
                effects,
                round,
                began,
            }) => (effects, round, began),
            other => {
                self.committer.in_flight = other;
                return;
            }
        };
        let took = turn.now.monotonic.duration_since(began);
        self.committer.ended(took, turn.now.monotonic);
        let transacted = match transacted {
            Transacted::Aborted { .. } if planted(Fault::MemoryBeforeCommit) => {
                Transacted::Committed
            }
            Transacted::Fatal(error) if planted(Fault::FatalTakenForAborted) => {
                let leaderless = Vec::new();
                Transacted::Aborted { error, leaderless }
            }
            Transacted::Committed | Transacted::Aborted { .. } | Transacted::Fatal(_) => transacted,
        };
        match transacted {
            Transacted::Committed => {
                note_transacted("committed", took, turn);
                let effects = effects.into_iter();
                self.committer.in_flight = Some(InFlight::Applying { effects, round });
                self.go_on(turn);
            }
            Transacted::Aborted { error, leaderless } if leaderless.is_empty() => {
                note_transacted("aborted", took, turn);
                if let Round::Letters(_) = round {
                    self.letters_refused(&error, turn);
                } else {
                    turn.note(Fact::Aborted(&error));
                    self.put_back(round, turn);
                }
            }
            Transacted::Aborted { leaderless, .. } => {
                note_transacted("aborted", took, turn);
                let topic = self.settings.topics.name(Topic::State).to_owned();
                let partitions = leaderless;
                // The records are then counted as handed over.
                self.put_back(round, turn);
                self.fail(Failure::Leaderless { topic, partitions }, turn);
            }
            Transacted::Fatal(error) => {
                note_transacted("fatal", took, turn);
                self.put_back(round, turn);
                self.fail(Failure::Transaction(error), turn);
            }
        }
        self.after_transaction(turn);
    }

    /// Takes the inputs that waited for the end of the transaction.
    fn after_transaction(&mut self, turn: &mut Turn<'_>) {
        if self.committer.in_flight.is_some() {
            return;
        }
        self.go_on_handing_over(turn);
        if self.is_stopping && self.may_poll() {
            self.is_stopping = false;
            self.on_stop(turn);
        }
    }

    pub(super) fn on_committed(&mut self, round: Round, turn: &mut Turn<'_>) {
        match round {
            Round::Decided { markers, .. } => {
                self.committer.committed();
                if markers {
                    self.scheduler.spill();
                }
                self.commit_releases(turn);
            }
            Round::Releases => {
                self.committer.committed();
                self.intake.releases.clear();
                self.commit_letters(turn);
            }
            Round::Letters(count) => self.committer.letters_committed(count),
        }
    }

    /// Puts the items of a transaction back that changed nothing: they still have to be committed.
    fn put_back(&mut self, round: Round, turn: &Turn<'_>) {
        let now = turn.now.monotonic;
        match round {
            Round::Decided { .. } if planted(Fault::AbortForgetsReady) => {}
            Round::Decided { ready, .. } => self.committer.put_back(ready, now),
            Round::Releases | Round::Letters(_) => {}
        }
        self.committer.aborted(now);
    }

    /// Notes that dead letters cannot be written. They are held, and everything else goes on.
    fn letters_refused(&mut self, error: &super::input::Cause, turn: &mut Turn<'_>) {
        let held = self.committer.held.len();
        if self.committer.letters.refused(turn.now.monotonic) {
            turn.note(Fact::DeadLettersRefused { held, error });
        }
        for letter in std::mem::take(&mut self.committer.held) {
            self.hold(letter, turn);
        }
    }

    /// Holds a dead letter. An unusable record waits with its offset open. The triggers of an
    /// account stay pending instead: held, they would occupy a lookup's place.
    fn hold(&mut self, letter: ReadyToCommit, turn: &mut Turn<'_>) {
        if let ReadyToCommit::GivenUp(refetched) = letter {
            self.stays_pending(&refetched.key, refetched.epoch, turn);
        } else {
            self.committer.held.push(letter);
        }
    }
}

fn note_transacted(outcome: &'static str, took: Duration, turn: &mut Turn<'_>) {
    turn.note(Fact::Transacted { outcome, took });
}
