//! Takes partitions over, and gives them up.

use std::time::Duration;

use stackone_link_schemas::{AccountState, Recheck, Trigger};

use super::input::{Generation, RestoreFailure, Restored};
use super::{Action, End, Fact, Phase, Processor, Turn};
use crate::partitions::OutOfRange;
use crate::planted::{Fault, planted};
use crate::reconcile::next_look;
use crate::resync::MARKERS_PARTITION;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// How long a handover may commit before its last transaction begins.
pub(super) const ALL_WITHIN: Duration = Duration::from_secs(30);

impl Processor {
    pub(super) fn on_assigned(
        &mut self,
        partitions: &[i32],
        generation: Option<Generation>,
        turn: &mut Turn<'_>,
    ) {
        turn.note(Fact::Assigned(partitions));
        self.partitions.note_generation(generation);
        let epoch = self.partitions.assign(partitions);
        self.actions.push_back(Action::Assign(partitions.to_vec()));
        for partition in partitions {
            let partition = *partition;
            self.actions.push_back(Action::Restore { partition, epoch });
        }
        self.share_budgets(turn);
        if self.partitions.count().total == 0 {
            self.contact.hurry(turn.now.monotonic);
        }
        turn.note(Fact::Ready(self.partitions.is_ready_member()));
    }

    /// Commits the decisions and writes the markers while the partitions still belong to this
    /// process. The partitions are given up whatever the result, since the group waits for that.
    pub(super) fn on_revoked(
        &mut self,
        partitions: Vec<i32>,
        generation: Option<Generation>,
        turn: &mut Turn<'_>,
    ) {
        self.partitions.note_generation(generation);
        turn.note(Fact::HandingOver(&partitions));
        self.hand_over(Some(partitions), turn);
    }

    /// Drops partitions that another member may own already. This process is no member until it has
    /// joined again, and the next owner decides what is not committed.
    pub(super) fn on_lost(&mut self, partitions: &[i32], turn: &mut Turn<'_>) {
        self.partitions.forget_generation();
        self.give_up(partitions, turn);
    }

    pub(super) fn on_stop(&mut self, turn: &mut Turn<'_>) {
        // A transaction or a handover under way ends first.
        if !self.may_poll() {
            if !matches!(self.phase, Phase::Ended) {
                self.is_stopping = true;
            }
            return;
        }
        let accounts = self.scheduler.queue.len();
        turn.note(Fact::Stopping { accounts });
        self.hand_over(None, turn);
    }

    fn hand_over(&mut self, partitions: Option<Vec<i32>>, turn: &mut Turn<'_>) {
        let began = turn.now.monotonic;
        self.phase = Phase::HandingOver { partitions, began };
        self.committer.hurry(began);
        self.go_on_handing_over(turn);
    }

    /// Commits what is left, one transaction after the other. An abort or the bound of time ends
    /// that: the next owner consumes again what was not written.
    pub(super) fn go_on_handing_over(&mut self, turn: &mut Turn<'_>) {
        let Phase::HandingOver { began, .. } = self.phase else {
            return;
        };
        let now = turn.now.monotonic;
        while self.committer.in_flight.is_none() {
            let is_over = self.committer.was_aborted()
                || !self.committer.markers_are_due(now)
                || now.duration_since(began) >= ALL_WITHIN;
            if is_over {
                return self.handed_over(turn);
            }
            self.begin_round(turn);
            if matches!(self.phase, Phase::Ended) {
                return;
            }
        }
    }

    fn handed_over(&mut self, turn: &mut Turn<'_>) {
        match std::mem::replace(&mut self.phase, Phase::Running) {
            Phase::HandingOver {
                partitions: Some(partitions),
                ..
            } => self.give_up(&partitions, turn),
            Phase::HandingOver {
                partitions: None, ..
            } => self.end(End::Stopped, turn),
            phase @ (Phase::Running | Phase::Ended) => self.phase = phase,
        }
    }

    /// Drops partitions that belong to another member now.
    pub(super) fn give_up(&mut self, partitions: &[i32], turn: &mut Turn<'_>) {
        let loose = self.committer.give_up(partitions) + self.intake.give_up(partitions);
        let undecided = loose + self.scheduler.give_up(partitions);
        if !planted(Fault::HandedOverUncounted) {
            turn.note(Fact::HandedOver(undecided));
        }
        turn.note(Fact::GivenUp(partitions));
        self.partitions.give_up(partitions);
        self.share_budgets(turn);
        turn.note(Fact::Ready(self.partitions.is_ready_member()));
        self.actions
            .push_back(Action::Unassign(partitions.to_vec()));
    }

    /// Sets this replica's share of each project's budget to its share of the partitions. While the
    /// number of partitions is not known, the share is 0.
    pub(super) fn share_budgets(&mut self, turn: &Turn<'_>) {
        let count = self.partitions.count();
        let now = turn.now.monotonic;
        self.scheduler.share_budgets(count.owned, count.total, now);
    }

    pub(super) fn on_restored(
        &mut self,
        (partition, epoch): (i32, u64),
        result: Result<Restored, RestoreFailure>,
        took: Duration,
        turn: &mut Turn<'_>,
    ) {
        if !self.partitions.is_ours(partition, epoch) {
            return;
        }
        let restored = match result {
            Ok(restored) => restored,
            Err(failure) => return self.fail(failure, turn),
        };
        let position = restored.position;
        turn.note(Fact::PartitionRestored {
            partition,
            accounts: restored.states.len(),
            next: position.next,
            took,
        });
        let unsettled: Vec<AccountState> = restored.states.unsettled().collect();
        let Some(early) = self.partitions.restored(partition, restored) else {
            return;
        };
        if position.was_out_of_range {
            let lost = OutOfRange {
                partition,
                expected: position.next,
                next: position.next,
            };
            self.out_of_range(lost, turn);
        }
        for state in unsettled {
            self.count_unlinked(partition, &state, turn);
            let is_forgotten = planted(Fault::RestoredPendingForgotten);
            if !is_forgotten && (state.pending.is_some() || state.recheck.is_some()) {
                self.queue_again(partition, state, turn);
            }
        }
        for record in early {
            self.take_in(record, turn);
        }
        turn.note(Fact::Ready(self.partitions.is_ready_member()));
        if partition == MARKERS_PARTITION && self.intake.resync_runs.schedule().is_some() {
            let committed = position.next;
            self.actions
                .push_back(Action::ReadMarkers { epoch, committed });
        }
        self.start_reading(partition, turn);
    }

    /// Resumes a restored partition, unless consumption is paused.
    fn start_reading(&mut self, partition: i32, turn: &mut Turn<'_>) {
        self.keep_within_limit(turn);
        if !self.partitions.is_paused() {
            self.actions.push_back(Action::Resume(vec![partition]));
        }
    }

    /// Queues the undecided work of a restored state, or its scheduled recheck.
    fn queue_again(&mut self, partition: i32, state: AccountState, turn: &mut Turn<'_>) {
        let id = state.account_id;
        let key = AccountKey { partition, id };
        let pending = state.pending.as_ref();
        let named = pending.and_then(|pending| pending.project_id.as_deref());
        let projects = &self.settings.projects;
        let Some(lane) = projects.lane_of(state.project_id.as_deref().or(named)) else {
            turn.note(Fact::UnknownProject(&key));
            return;
        };
        match state.pending {
            Some(pending) => {
                turn.note(Fact::Restored(pending.total));
                self.intake.guard.undecided(lane, &key, pending.grace);
                let look = |grace| turn.now.monotonic_at(next_look(&grace, turn.now.wall));
                let at = pending.grace.map_or(turn.now.monotonic, look);
                let work = Work::without_record(pending);
                self.scheduler.queue_restored(key, lane, work, at);
            }
            None => self.schedule_recheck(key, lane, state.recheck, turn),
        }
    }

    /// Queues the next scheduled recheck of an account that is degraded or failed.
    pub(super) fn schedule_recheck(
        &mut self,
        key: AccountKey,
        lane: Lane,
        recheck: Option<Recheck>,
        turn: &Turn<'_>,
    ) {
        let Some(recheck) = recheck else { return };
        let work = Work::nothing(Trigger::Recheck, recheck.due_at);
        let at = turn.now.monotonic_at(recheck.due_at);
        self.scheduler.queue_restored(key, lane, work, at);
    }
}
