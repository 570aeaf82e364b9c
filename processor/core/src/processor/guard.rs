//! Applies the unlink guard to decisions: holds unlinks where too many accounts of a project
//! vanished at once, and lets released ones go.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stackone_client_types::Lookup;
use stackone_link_schemas::{AccountState, GraceKind, Trigger};

use super::{Fact, Processor, Turn};
use crate::intake::Intake;
use crate::partitions::Partitions;
use crate::reconcile::{Case, Decision, LifecycleKind};
use crate::settings::DecisionSettings;
use crate::state::unlink_guard::Share;
use crate::time::Now;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// What the guard depends on.
type Known<'a> = (&'a DecisionSettings, &'a Intake, &'a Partitions);

/// Whether a decision unlinks an account for its 404s alone.
pub(super) fn is_unlinked_as_vanished(case: &Case<'_>, decision: Decision) -> bool {
    let is_unlink = decision == Decision::Emit(LifecycleKind::Unlinked);
    let is_gone = matches!(case.answer, Lookup::NotFound);
    is_unlink && is_gone && case.trigger() != Trigger::Deleted
}

/// Whether a lookup could only show that the account is still held or is back. Nobody waits for
/// that, so the budget of rechecks pays.
pub(super) fn is_held(lane: Lane, work: &Work, now: Now, known: Known<'_>) -> bool {
    let grace = work.pending.grace;
    let is_vanishing =
        grace.is_some_and(|grace| grace.kind == GraceKind::Vanish && grace.released_at.is_none());
    is_vanishing && holds_unlinks(lane, now.wall, known)
}

/// Whether a project's unlinks are held. While a partition is being restored they are, because the
/// number of doubted accounts is not known.
fn holds_unlinks(lane: Lane, now: Timestamp, known: Known<'_>) -> bool {
    let (_, intake, partitions) = known;
    !partitions.are_restored() || intake.guard.holds(lane, share(lane, known), now)
}

fn share(lane: Lane, (settings, _, partitions): Known<'_>) -> Share {
    let count = partitions.count();
    Share {
        confirmed: partitions.confirmed(lane, &settings.projects),
        owned: count.owned,
        all: count.total,
    }
}

impl Processor {
    /// Returns the decision, or a recheck where the project's unlinks are held.
    pub(super) fn guarded(&self, lane: Lane, case: &Case<'_>, decision: Decision) -> Decision {
        let grace = case.pending.grace;
        let is_released = grace.is_some_and(|grace| grace.released_at.is_some());
        let known = (&*self.settings, &self.intake, &self.partitions);
        if is_released
            || !is_unlinked_as_vanished(case, decision)
            || !holds_unlinks(lane, case.now, known)
        {
            return decision;
        }
        Decision::Recheck {
            due_at: after(case.now, self.settings.periods.vanish_grace / 2),
            trigger: case.trigger(),
            grace: case.pending.grace,
            lag_recheck_used: case.pending.lag_recheck_used,
        }
    }

    /// Counts an account whose restored state says that it was unlinked for its 404s alone, so that
    /// restarts and rebalances forget none.
    pub(super) fn count_unlinked(&mut self, partition: i32, state: &AccountState, turn: &Turn<'_>) {
        let lane = self.settings.projects.lane_of(state.project_id.as_deref());
        if let Some((lane, since)) = lane.zip(state.vanished_at) {
            let guard = &mut self.intake.guard;
            guard.was_unlinked(lane, partition, since, turn.now.wall);
        }
    }

    /// Queues accounts that a release concerns and that wait in their state records only.
    pub(super) fn recall_releasable(&mut self, turn: &Turn<'_>) {
        let guard = &self.intake.guard;
        let released =
            self.intake.releases.iter().flat_map(|release| {
                guard.releasable(release.lane, release.partition, release.said_at)
            });
        let keys: Vec<AccountKey> = released.cloned().collect();
        for key in keys {
            self.scheduler.recall(&key, &self.partitions, turn.now);
        }
    }

    /// Has an account that an operator released looked up at once. It is unlinked only if it
    /// answers 404 again.
    pub(super) fn released(
        &mut self,
        key: AccountKey,
        lane: Lane,
        said_at: Timestamp,
        turn: &Turn<'_>,
    ) {
        self.intake.guard.undecided(lane, &key, None);
        let queue = &mut self.scheduler.queue;
        let works = queue.work_mut(&key);
        let graces = works.filter_map(|work| work.pending.grace.as_mut());
        graces.for_each(|grace| grace.released_at = Some(said_at));
        if queue.work_in_flight(&key).is_none() {
            let look = Work::nothing(Trigger::Recheck, turn.now.wall);
            queue.add(key, lane, look, turn.now.monotonic);
        }
    }

    /// Returns how many unlinks of a project are held. Reports when holding begins and ends.
    pub(super) fn unlinks_held(&mut self, lane: Lane, turn: &mut Turn<'_>) -> usize {
        let now = turn.now.wall;
        let known = (&*self.settings, &self.intake, &self.partitions);
        let share = share(lane, known);
        let holds = self.intake.guard.holds(lane, share, now);
        let held = if holds {
            self.intake.guard.due(lane, now)
        } else {
            0
        };
        if self.intake.note_held(lane, holds) {
            turn.note(Fact::UnlinksHeld {
                lane,
                holds,
                vanished: self.intake.guard.vanished(lane, now),
                allowed: share.threshold(),
            });
        }
        held
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
