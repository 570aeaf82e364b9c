//! The conductor: takes inputs, lets the owners decide, and hands out actions.
//!
//! Owners return values; only this module writes to more than one of them.

pub mod action;
mod cluster;
mod commit;
mod contact;
pub mod fact;
mod gauges;
mod guard;
mod in_parts;
pub mod input;
mod lookups;
mod ownership;
mod probes;
mod records;
mod resync;
mod settle;
mod staging;

use std::collections::VecDeque;
use std::sync::Arc;

pub use action::{Action, End, Failure};
pub use fact::{Disposition, Fact, LookupOutcome, Observer};
pub use gauges::{Gauges, ProjectGauges};
pub use input::Input;

use crate::committer::Committer;
use crate::intake::Intake;
use crate::partitions::Partitions;
use crate::random::Random;
use crate::scheduler::Scheduler;
use crate::settings::DecisionSettings;
use crate::time::{Monotonic, Now};
use contact::Contact;

/// The state machine that decides everything in one run of the processor.
#[derive(Debug)]
pub struct Processor {
    settings: Arc<DecisionSettings>,
    random: Random,
    partitions: Partitions,
    scheduler: Scheduler,
    committer: Committer,
    intake: Intake,
    contact: Contact,
    phase: Phase,
    /// Whether the run ends as soon as the transaction or handover under way has ended.
    is_stopping: bool,
    /// Inputs that wait for the end of a transaction or a handover, in order.
    deferred: VecDeque<Input>,
    actions: VecDeque<Action>,
}

/// The phases of a run.
#[derive(Debug)]
enum Phase {
    /// Records are consumed and decided.
    Running,
    /// The processor commits everything, and then gives partitions up or ends.
    HandingOver {
        /// The partitions that are given up; `None` where the process ends.
        partitions: Option<Vec<i32>>,
        /// When the handover began.
        began: Monotonic,
    },
    /// The run has ended.
    Ended,
}

/// The time of one input, and the observer of what happens.
struct Turn<'a> {
    now: Now,
    observer: &'a mut dyn Observer,
}

impl Turn<'_> {
    fn note(&mut self, fact: Fact<'_>) {
        self.observer.note(fact);
    }
}

impl Processor {
    /// Starts a run without partitions. All its random numbers follow from the seed.
    #[must_use]
    pub fn new(settings: Arc<DecisionSettings>, seed: u64, now: Now) -> Self {
        Self {
            random: Random::new(seed),
            partitions: Partitions::new(settings.limits.open),
            scheduler: Scheduler::new(&settings, now.monotonic),
            committer: Committer::new(settings.marker_interval, now.monotonic),
            intake: Intake::new(&settings),
            contact: Contact::new(now.monotonic),
            phase: Phase::Running,
            is_stopping: false,
            deferred: VecDeque::new(),
            actions: VecDeque::new(),
            settings,
        }
    }

    /// Takes an input. [`Self::next_action`] hands out the actions that follow from it.
    pub fn handle(&mut self, now: Now, input: Input, observer: &mut impl Observer) {
        let mut turn = Turn { now, observer };
        if !matches!(input, Input::Tick) {
            self.committer.stir();
        }
        if self.has_to_wait(&input) {
            self.deferred.push_back(input);
        } else {
            self.dispatch(input, &mut turn);
        }
        self.hear_deferred(&mut turn);
    }

    /// Returns the next action, in order. Call it after each input until it returns `None`.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether records and rebalances may be polled. They may not while a transaction runs or
    /// partitions are handed over, so that nothing comes between the steps of a transaction.
    #[must_use]
    pub const fn may_poll(&self) -> bool {
        self.committer.in_flight.is_none() && matches!(self.phase, Phase::Running)
    }

    /// Returns when [`Input::Tick`] is due if no input comes before; `None` once the run has ended.
    #[must_use]
    pub fn next_wake(&self, now: Now) -> Option<Monotonic> {
        let at = now.monotonic;
        let next_lookup = match self.phase {
            Phase::Running if !self.committer.is_full() => self.scheduler.next_lookup(at),
            Phase::Running | Phase::HandingOver { .. } => None,
            Phase::Ended => return None,
        };
        let has_lookups = self.scheduler.queue.in_flight() > 0;
        let next_commit = self.committer.next_begin(has_lookups, at);
        let next_contact = self.contact.due_at();
        let next_question = self
            .partitions
            .next_question()
            .filter(|_| next_contact.is_some());
        let next_resync = self.next_resync().map(|due| now.monotonic_at(due));
        [
            next_lookup,
            next_commit,
            next_contact,
            next_question,
            next_resync,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether an input waits. While a transaction runs only answers to lookups are taken, because
    /// what it stages must not change. During a handover not even those are: partitions are handed
    /// over with the decisions from before.
    const fn has_to_wait(&self, input: &Input) -> bool {
        let is_handing_over = matches!(self.phase, Phase::HandingOver { .. });
        match input {
            Input::Transacted(_) | Input::Tick | Input::Stop => false,
            Input::LookedUp(_) | Input::LookedUpTogether(_) | Input::Probed { .. } => {
                is_handing_over
            }
            Input::Assigned { .. }
            | Input::Revoked { .. }
            | Input::Lost(_)
            | Input::Consumed(_)
            | Input::Restored { .. }
            | Input::Refetched(_)
            | Input::NotRefetched { .. }
            | Input::ClusterAnswered(_)
            | Input::MarkersRead { .. }
            | Input::ResyncEnded { .. } => is_handing_over || self.committer.in_flight.is_some(),
        }
    }

    fn hear_deferred(&mut self, turn: &mut Turn<'_>) {
        while self.may_poll() {
            let Some(input) = self.deferred.pop_front() else {
                return;
            };
            self.dispatch(input, turn);
        }
    }

    fn dispatch(&mut self, input: Input, turn: &mut Turn<'_>) {
        match input {
            Input::Assigned {
                partitions,
                generation,
            } => self.on_assigned(&partitions, generation, turn),
            Input::Revoked {
                partitions,
                generation,
            } => self.on_revoked(partitions, generation, turn),
            Input::Lost(partitions) => self.on_lost(&partitions, turn),
            Input::Consumed(record) => self.on_record(*record, turn),
            Input::Restored {
                partition,
                epoch,
                result,
                took,
            } => self.on_restored((partition, epoch), *result, took, turn),
            Input::LookedUp(answer) => self.on_lookup(answer, turn),
            Input::LookedUpTogether(answer) => self.on_batch(answer, turn),
            Input::Probed { lane, result } => self.on_probe(lane, &result, turn),
            Input::Refetched(refetched) => self.on_refetched(refetched),
            Input::NotRefetched { key, epoch } => self.stays_pending(&key, epoch, turn),
            Input::Transacted(transacted) => self.on_transacted(transacted, turn),
            Input::ClusterAnswered(answer) => self.on_cluster(answer, turn),
            Input::MarkersRead { epoch, found } => self.on_markers(epoch, &found, turn),
            Input::ResyncEnded { lane, completed } => {
                self.intake.resync_runs.ended(lane, completed);
            }
            Input::Tick => self.on_tick(turn),
            Input::Stop => self.on_stop(turn),
        }
    }

    fn on_tick(&mut self, turn: &mut Turn<'_>) {
        match self.phase {
            Phase::Ended => return,
            Phase::HandingOver { .. } => return self.go_on_handing_over(turn),
            Phase::Running => {}
        }
        self.send_lookups(turn);
        self.commit_what_is_due(turn);
        self.keep_within_limit(turn);
        self.ask_cluster(turn);
        self.resync_when_due(turn);
    }

    /// Ends the run with a failure.
    fn fail(&mut self, failure: impl Into<Failure>, turn: &mut Turn<'_>) {
        self.end(End::Failed(failure.into()), turn);
    }

    /// Ends the run. The next owner of the partitions consumes the undecided records again.
    /// Partitions that are being handed over are given up even so: the group and the process that
    /// leaves it wait for that.
    fn end(&mut self, end: End, turn: &mut Turn<'_>) {
        let phase = std::mem::replace(&mut self.phase, Phase::Ended);
        let revoked = match phase {
            Phase::Ended => return,
            Phase::HandingOver { partitions, .. } => partitions,
            Phase::Running => None,
        };
        self.actions.extend(revoked.map(Action::Unassign));
        let loose = self.committer.loose_records() + self.intake.undecided();
        turn.note(Fact::HandedOver(self.scheduler.undecided() + loose));
        self.partitions.clear();
        self.deferred.clear();
        self.actions.push_back(Action::End(end));
    }
}

#[cfg(test)]
pub(crate) mod tests;
