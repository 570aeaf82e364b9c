//! When which account is looked up: the work queue, what it has no room for, and each project's gate.

use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::Trigger;

use crate::api_gate::batch::{BatchAnomaly, Batching, Reading, can_batch};
use crate::api_gate::breaker::Change;
use crate::api_gate::{Gate, Projects};
use crate::partitions::Partitions;
use crate::planted::{Fault, planted};
use crate::settings::{DecisionSettings, Limits};
use crate::time::{Monotonic, Now};
use crate::work::overflow::{Overflow, Spilled};
use crate::work::queue::{Lane, WorkQueue};
use crate::work::{AccountKey, Failures, Work, last_lookup};

/// When which account is looked up.
#[derive(Debug)]
pub struct Scheduler {
    /// Accounts with something undecided.
    pub queue: WorkQueue<AccountKey, Work>,
    /// Those for which there was no room.
    pub overflow: Overflow,
    gates: Vec<Gate>,
    batching: Vec<Batching>,
    next_lane: Lane,
    limits: Limits,
}

impl Scheduler {
    /// Nothing to do yet.
    #[must_use]
    pub fn new(settings: &DecisionSettings, now: Monotonic) -> Self {
        let lanes = settings.projects.len();
        Self {
            queue: WorkQueue::new(lanes),
            overflow: Overflow::new(lanes),
            gates: gates(&settings.projects, now),
            batching: vec![Batching::new(settings.batch); lanes],
            next_lane: 0,
            limits: settings.limits,
        }
    }

    /// Adds work for an account, wherever it is.
    pub fn enqueue(
        &mut self,
        key: AccountKey,
        lane: Lane,
        work: Work,
        partitions: &Partitions,
        now: Now,
    ) {
        let at = match self.recall(&key, partitions, now) {
            // A backoff is not shortened by a new trigger.
            Some(spilled) if spilled.failures.in_a_row > 0 => now.monotonic.max(spilled.ready),
            Some(_) | None => now.monotonic,
        };
        self.queue.add(key, lane, work, at);
    }

    /// The project for which an account is undecided.
    #[must_use]
    pub fn lane_of(&self, key: &AccountKey) -> Option<Lane> {
        let queued = self.queue.lane_of(key);
        queued.or_else(|| self.overflow.lane_of(key))
    }

    /// Queues a look that no record asks for. An account that waits where there is no room for it waits on, though no
    /// longer than until now, unless it backs off.
    pub fn queue_look(&mut self, key: AccountKey, lane: Lane, now: Now) {
        let at = now.monotonic;
        if let Some(spilled) = self.overflow.take(&key) {
            let is_backing_off = spilled.failures.in_a_row > 0;
            let ready = if is_backing_off {
                spilled.ready
            } else {
                spilled.ready.min(at)
            };
            return self.overflow.put(key, Spilled { ready, ..spilled });
        }
        let work = Work::nothing(Trigger::Recheck, now.wall);
        match self.queue.lane_of(&key) {
            Some(lane) => self.queue.add(key, lane, work, at),
            None => self.queue_restored(key, lane, work, at),
        }
    }

    /// Queues what a state record asks for, or leaves it there where there is no room.
    pub fn queue_restored(&mut self, key: AccountKey, lane: Lane, work: Work, at: Monotonic) {
        if self.queue.waiting_in(lane) < self.limits.pending {
            self.queue.add(key, lane, work, at);
        } else {
            self.overflow.put(key, spilled(lane, at, &work));
        }
    }

    /// How many more accounts of a project have room in the queue.
    #[must_use]
    pub fn room(&self, lane: Lane) -> usize {
        self.limits
            .pending
            .saturating_sub(self.queue.waiting_in(lane))
    }

    /// Queues an account again, as its state record has it, if it is not queued.
    pub fn recall(
        &mut self,
        key: &AccountKey,
        partitions: &Partitions,
        now: Now,
    ) -> Option<Spilled> {
        let spilled = self.overflow.take(key)?;
        let pending = partitions.state_of(key).and_then(|state| state.pending);
        let scheduled = || Work::nothing(Trigger::Recheck, now.wall);
        let work = pending.map_or_else(scheduled, Work::without_record);
        let work = Work {
            failures: spilled.failures,
            ..work
        };
        self.queue
            .add(key.clone(), spilled.lane, work, spilled.ready);
        Some(spilled)
    }

    /// Queues the accounts again whose turn comes before that of all that are queued, and as many more that are ready as
    /// can be asked for at once. Not many more than there is room for: those that cannot be paid for go to the end of the
    /// line, and all that are left would follow them before the next [`Self::spill`].
    fn recall_due(&mut self, lane: Lane, partitions: &Partitions, now: Now) {
        let at = now.monotonic;
        let enough = self.batching[lane].appetite(at);
        let room = self.limits.pending;
        let most = room.saturating_add(room.max(enough));
        while let Some((ready, key)) = self.overflow.first(lane) {
            if self.queue.waiting_in(lane) >= most {
                return;
            }
            let next = self.queue.next_ready(lane);
            let is_later = next.is_some_and(|next| next <= ready);
            let is_enough = self.queue.count_ready(lane, at, enough) >= enough;
            if ready > at || (is_later && is_enough) {
                return;
            }
            let key = key.clone();
            self.recall(&key, partitions, now);
        }
    }

    /// Takes accounts out of the queue where a project has more in it than it may: those whose turn comes last. Only what
    /// is written down can be queued again, so this follows the markers.
    pub fn spill(&mut self) {
        for lane in 0..self.gates.len() {
            let surplus = self
                .queue
                .waiting_in(lane)
                .saturating_sub(self.limits.pending);
            let recorded = self.queue.last_waiting(lane);
            let recorded = recorded.filter(|(_, _, work)| !work.is_unwritten());
            let last = recorded.take(surplus);
            let last: Vec<_> = last.map(|(ready, key, _)| (ready, key.clone())).collect();
            for (ready, key) in last {
                if let Some(work) = self.queue.take_out(&key) {
                    self.overflow.put(key, spilled(lane, ready, &work));
                }
            }
        }
    }

    /// Triggers that are undecided, in the queue and beside it.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let queued: u64 = self.queue.keys().map(|key| self.queue.total(key)).sum();
        queued + self.overflow.total()
    }

    /// Forgets partitions; gives the triggers that were undecided.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |key: &AccountKey| partitions.contains(&key.partition);
        let left = self.queue.remove_where(is_given_up);
        let left: u64 = left.iter().map(|(_, work)| work.pending.total).sum();
        left + self.overflow.give_up(partitions)
    }

    /// Each replica has the share of each project's budget that its share of the partitions is.
    pub fn share_budgets(&mut self, owned: usize, total: usize, now: Monotonic) {
        for gate in &mut self.gates {
            gate.set_share(owned, total, now);
        }
    }

    /// When the next lookup can be sent, if nothing else happens.
    #[must_use]
    pub fn next_lookup(&self, now: Monotonic) -> Option<Monotonic> {
        let lanes = self.gates.iter().enumerate();
        let next = lanes.filter_map(|(lane, gate)| {
            let ready = self.next_ready(lane).filter(|_| self.has_room(lane))?;
            Some(ready.max(now + gate.wait(now)?))
        });
        next.min()
    }

    fn next_ready(&self, lane: Lane) -> Option<Monotonic> {
        let spilled = self.overflow.first(lane).map(|(ready, _)| ready);
        self.queue.next_ready(lane).into_iter().chain(spilled).min()
    }

    fn has_room(&self, lane: Lane) -> bool {
        self.queue.in_flight_of(lane) < self.limits.lookups
    }

    /// Takes what is to be asked for next, of one project after the other: one account, or several in one request. None
    /// where nothing can be asked. `is_modest` says what is paid from the part of the budget that is for rechecks.
    pub fn take_next(
        &mut self,
        partitions: &Partitions,
        now: Now,
        is_modest: impl Fn(Lane, &Work) -> bool,
    ) -> Option<(Lane, Vec<AccountKey>)> {
        let lanes = self.gates.len();
        let mut idle_lanes = 0;
        while idle_lanes < lanes {
            let lane = self.next_lane;
            self.next_lane = (lane + 1) % lanes;
            let taken = self.take(lane, partitions, now);
            let Some(first) = taken.first().and_then(|key| self.queue.asked(key)) else {
                idle_lanes += 1;
                continue;
            };
            idle_lanes = 0;
            let modest = is_modest(lane, first);
            match self.gates[lane].pay_for(modest, now.monotonic) {
                Ok(()) => {
                    self.count_lookup(&taken);
                    return Some((lane, taken));
                }
                Err(later) => {
                    for key in &taken {
                        self.queue.recheck(key, later, now.monotonic, |_| {});
                    }
                }
            }
        }
        None
    }

    fn take(&mut self, lane: Lane, partitions: &Partitions, now: Now) -> Vec<AccountKey> {
        let at = now.monotonic;
        if !self.has_room(lane) || self.gates[lane].wait(at) != Some(Duration::ZERO) {
            return Vec::new();
        }
        self.recall_due(lane, partitions, now);
        let queue = &self.queue;
        let size = if self.gates[lane].is_broken() {
            1
        } else {
            self.batching[lane].size(at, |limit| queue.count_ready(lane, at, limit))
        };
        let goes_with = |first: &Work, other: &Work| can_batch(first, other, size);
        self.queue.take_together(lane, at, size, goes_with)
    }

    fn count_lookup(&mut self, keys: &[AccountKey]) {
        for key in keys {
            let asked = self.queue.work_mut(key).take(1);
            asked.for_each(|work| work.pending.lookups += 1);
        }
    }

    /// Keeps what a lookup of the account said, for who asks why it is undecided.
    pub fn note_lookup(
        &mut self,
        key: &AccountKey,
        result: Result<&Lookup, &ApiError>,
        at: Timestamp,
    ) {
        let asked = self.queue.work_mut(key).take(1);
        asked.for_each(|work| work.note_lookup(last_lookup::of(result, at)));
    }

    /// Whether a lookup of the account is awaited, under the assignment under which it was sent.
    #[must_use]
    pub fn is_awaited(&self, key: &AccountKey, epoch: u64, partitions: &Partitions) -> bool {
        let is_ours = planted(Fault::EpochNotChecked) || partitions.is_ours(key.partition, epoch);
        is_ours && self.queue.asked(key).is_some()
    }

    /// The account is looked up again when `fail` says.
    pub fn back_off(&mut self, key: &AccountKey, fail: impl FnOnce(&mut Failures) -> Monotonic) {
        let Some(work) = self.queue.asked(key) else {
            return;
        };
        let mut failures = work.failures;
        let again = fail(&mut failures);
        self.queue
            .back_off(key, again, |work| work.failures = failures);
    }

    /// A request was answered, or found the API unavailable. `account` stands for those that it asked for.
    pub fn note_availability(
        &mut self,
        lane: Lane,
        account: u64,
        sent: Monotonic,
        error: Option<&ApiError>,
        now: Monotonic,
    ) -> Option<Change> {
        let gate = &mut self.gates[lane];
        let change = match error {
            Some(ApiError::Unavailable { retry_after, .. }) => {
                gate.failed(sent, account, *retry_after, now)
            }
            Some(
                ApiError::Refused { .. }
                | ApiError::RateLimited { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. },
            )
            | None => gate.answered(sent, now),
        };
        if let Some(Change::Opened { .. }) = change {
            // The accounts that back off need not do so any longer, for the breaker waits for all of them. So when it closes
            // all are ready, and the budget spreads them.
            let ends = |work: &mut Work| work.failures.breaker_opened(now);
            self.queue.end_backoffs(lane, ends);
        }
        change
    }

    /// An account that was asked for alone is answered: that may tell something about lists, too.
    pub fn answered_alone(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        lookup: &Lookup,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        let asked = self.queue.asked(key);
        let was_left_out = asked.is_some_and(|work| work.failures.left_out_of.is_some());
        self.batching[lane].answered_alone(lookup, was_left_out, now)
    }

    /// A list of accounts came.
    pub fn listed(
        &mut self,
        lane: Lane,
        reading: &Reading,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        self.batching[lane].listed(reading, now)
    }

    /// A list of accounts did not come.
    pub fn list_failed(
        &mut self,
        lane: Lane,
        error: &ApiError,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        let gate = &self.gates[lane];
        let accepted = |since| gate.was_accepted_since(since);
        self.batching[lane].failed(error, now, accepted)
    }

    /// Most accounts of a project that are asked for at once.
    #[must_use]
    pub fn most_at_once(&self, lane: Lane, now: Monotonic) -> usize {
        self.batching[lane].most(now)
    }

    /// The gate of a project.
    #[must_use]
    pub fn gate(&self, lane: Lane) -> &Gate {
        &self.gates[lane]
    }

    /// The same, to change it.
    pub fn gate_mut(&mut self, lane: Lane) -> &mut Gate {
        &mut self.gates[lane]
    }

    /// Whether every project's key is refused.
    #[must_use]
    pub fn all_refused(&self) -> bool {
        self.gates.iter().all(Gate::is_refused)
    }
}

fn gates(projects: &Projects, now: Monotonic) -> Vec<Gate> {
    projects.gates(now)
}

fn spilled(lane: Lane, ready: Monotonic, work: &Work) -> Spilled {
    let is_scheduled = work.is_recorded_elsewhere();
    Spilled {
        lane,
        ready,
        total: work.pending.total,
        since: (!is_scheduled).then_some(work.pending.since),
        failures: work.failures,
    }
}
