//! Holding unlinks back where too many accounts of a project vanished at once, and letting them go.

use stackone_processor_core::time::Monotonic;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stackone_client_types::Lookup;
use stackone_link_schemas::{AccountState, GraceKind, Trigger};

use super::Reconciler;
use stackone_processor_core::reconcile::{Case, Decision, LifecycleKind};
use stackone_processor_core::state::unlink_guard::{Share, UnlinkGuard};
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

/// What is known of accounts that vanished.
pub(super) struct Unlinks {
    /// Which they are.
    pub guard: UnlinkGuard,
    /// What an operator said and is not committed yet.
    pub releases: Vec<Release>,
    /// Of each project, whether its unlinks were held when it was last observed.
    held_before: Vec<bool>,
}

impl Unlinks {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            guard: UnlinkGuard::new(lanes),
            releases: Vec::new(),
            held_before: vec![false; lanes],
        }
    }
}

/// An operator's word that what vanished of a project is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release {
    /// Of the record that says so.
    pub partition: i32,
    /// Of the record that says so.
    pub offset: i64,
    /// The project.
    pub lane: Lane,
    /// Accounts that vanished later are not meant.
    pub said_at: Timestamp,
}

/// Whether an account is unlinked for its 404s alone.
pub(super) fn is_unlinked_as_vanished(case: &Case<'_>, decision: Decision) -> bool {
    let is_unlink = decision == Decision::Emit(LifecycleKind::Unlinked);
    let is_gone = matches!(case.answer, Lookup::NotFound);
    is_unlink && is_gone && case.trigger() != Trigger::Deleted
}

impl Reconciler {
    /// The decision, or another look where the project's unlinks are held.
    pub(super) fn guarded(&self, lane: Lane, case: &Case<'_>, decision: Decision) -> Decision {
        let is_released = case
            .pending
            .grace
            .is_some_and(|grace| grace.released_at.is_some());
        if is_released
            || !is_unlinked_as_vanished(case, decision)
            || !self.holds_unlinks(lane, case.now)
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

    /// Whether a look at the account can only show that it is still held, or is back: nobody waits for it.
    pub(super) fn is_held(&self, lane: Lane, work: &Work) -> bool {
        let grace = work.pending.grace;
        let is_vanishing = grace
            .is_some_and(|grace| grace.kind == GraceKind::Vanish && grace.released_at.is_none());
        is_vanishing && self.holds_unlinks(lane, Timestamp::now())
    }

    /// Before every partition is restored it is not known how many accounts are doubted.
    fn holds_unlinks(&self, lane: Lane, now: Timestamp) -> bool {
        let is_restored = self
            .partitions
            .values()
            .all(|partition| partition.ready().is_some());
        !is_restored || self.unlinks.guard.holds(lane, self.share(lane), now)
    }

    fn share(&self, lane: Lane) -> Share {
        let projects = &self.surroundings.projects;
        let is_of_lane = |named: Option<&str>| projects.lane_of(named) == Some(lane);
        let ready = self
            .partitions
            .values()
            .filter_map(|partition| partition.ready());
        Share {
            confirmed: ready.map(|ready| ready.states.confirmed(is_of_lane)).sum(),
            owned: self.partitions.len(),
            all: self.all_partitions,
        }
    }

    /// Counts what a restored state says was unlinked for its 404s alone: a restart or a rebalance forgets none of them.
    pub(super) fn count_unlinked(&mut self, partition: i32, state: &AccountState) {
        let lane = self
            .surroundings
            .projects
            .lane_of(state.project_id.as_deref());
        if let Some((lane, since)) = lane.zip(state.vanished_at) {
            let now = Timestamp::now();
            self.unlinks.guard.was_unlinked(lane, partition, since, now);
        }
    }

    /// What is to be released has to be queued.
    pub(super) fn recall_releasable(&mut self) {
        let guard = &self.unlinks.guard;
        let released =
            self.unlinks.releases.iter().flat_map(|release| {
                guard.releasable(release.lane, release.partition, release.said_at)
            });
        let keys: Vec<AccountKey> = released.cloned().collect();
        for key in keys {
            self.recall(&key);
        }
    }

    /// What an operator released is looked up at once: it is unlinked on a fresh 404 only.
    pub(super) fn released(
        &mut self,
        key: AccountKey,
        lane: Lane,
        said_at: Timestamp,
        now: Monotonic,
    ) {
        self.unlinks.guard.undecided(lane, &key, None);
        let works = self.queue.work_mut(&key);
        let graces = works.filter_map(|work| work.pending.grace.as_mut());
        graces.for_each(|grace| grace.released_at = Some(said_at));
        if self.queue.asked(&key).is_none() {
            let look = Work::nothing(Trigger::Recheck, Timestamp::now());
            self.queue.add(key, lane, look, now);
        }
    }

    /// Tells how many unlinks are held, and when holding begins and ends.
    pub(super) fn observe_unlinks(&mut self, lane: Lane) {
        let now = Timestamp::now();
        let (share, project) = (self.share(lane), self.surroundings.projects.label(lane));
        let holds = self.unlinks.guard.holds(lane, share, now);
        let held = if holds {
            self.unlinks.guard.due(lane, now)
        } else {
            0
        };
        self.surroundings
            .metrics
            .projects
            .unlinks_held
            .with_label_values(&[project])
            .set(i64::try_from(held).unwrap_or(i64::MAX));
        let held_before = std::mem::replace(&mut self.unlinks.held_before[lane], holds);
        if holds && !held_before {
            tracing::error!(
                project,
                vanished = self.unlinks.guard.vanished(lane, now),
                allowed = share.threshold(),
                "too many accounts answer 404 without a deleted webhook, so none is unlinked. Check the project's API key \
                 and base_url; if the accounts are gone: stackone-processor unlinks release"
            );
        } else if held_before && !holds {
            tracing::info!(project, "unlinks are no longer held");
        }
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
