//! The owner of the work queue, its overflow, and each project's gate: decides which account is
//! looked up when.

mod answers;
mod next;
mod room;

use stackone_link_schemas::Trigger;

use crate::api_gate::Gate;
use crate::api_gate::batch::Batching;
use crate::partitions::Partitions;
use crate::settings::{DecisionSettings, Limits};
use crate::time::{Monotonic, Now};
use crate::work::overflow::{Overflow, Spilled};
use crate::work::queue::{Lane, WorkQueue};
use crate::work::{AccountKey, Work};

/// Decides which account is looked up when.
#[derive(Debug)]
pub struct Scheduler {
    /// Accounts with undecided work.
    pub queue: WorkQueue<AccountKey, Work>,
    /// Accounts that the queue has no room for.
    pub overflow: Overflow,
    gates: Vec<Gate>,
    batching: Vec<Batching>,
    next_lane: Lane,
    limits: Limits,
}

impl Scheduler {
    /// Starts with an empty queue.
    #[must_use]
    pub fn new(settings: &DecisionSettings, now: Monotonic) -> Self {
        let lanes = settings.projects.len();
        Self {
            queue: WorkQueue::new(lanes),
            overflow: Overflow::new(lanes),
            gates: settings.projects.gates(now),
            batching: vec![Batching::new(settings.batch); lanes],
            next_lane: 0,
            limits: settings.limits,
        }
    }

    /// Adds work for an account, to the queue or to the overflow.
    pub fn enqueue(
        &mut self,
        key: AccountKey,
        lane: Lane,
        work: Work,
        partitions: &Partitions,
        now: Now,
    ) {
        let at = match self.recall(&key, partitions, now) {
            // A new trigger does not shorten a backoff.
            Some(spilled) if spilled.failures.in_a_row > 0 => now.monotonic.max(spilled.ready),
            Some(_) | None => now.monotonic,
        };
        self.queue.add(key, lane, work, at);
    }

    /// Returns the lane of the project for which an account is undecided.
    #[must_use]
    pub fn lane_of(&self, key: &AccountKey) -> Option<Lane> {
        let queued = self.queue.lane_of(key);
        queued.or_else(|| self.overflow.lane_of(key))
    }

    /// Queues a lookup that no record asks for. An account in the overflow stays there, but becomes
    /// due now unless it backs off.
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

    /// Returns how many triggers are undecided, in the queue and in the overflow.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let queued: u64 = self.queue.keys().map(|key| self.queue.total(key)).sum();
        queued + self.overflow.total()
    }

    /// Drops the accounts of partitions that were given up. Returns how many of their triggers were
    /// undecided.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |key: &AccountKey| partitions.contains(&key.partition);
        let left = self.queue.remove_where(is_given_up);
        let left: u64 = left.iter().map(|(_, work)| work.pending.total).sum();
        left + self.overflow.give_up(partitions)
    }

    /// Sets this replica's share of each project's budget to its share of the partitions.
    pub fn share_budgets(&mut self, owned: usize, total: usize, now: Monotonic) {
        for gate in &mut self.gates {
            gate.set_share(owned, total, now);
        }
    }

    /// Returns the gate of a project.
    #[must_use]
    pub fn gate(&self, lane: Lane) -> &Gate {
        &self.gates[lane]
    }

    /// Returns the gate of a project, to change it.
    pub fn gate_mut(&mut self, lane: Lane) -> &mut Gate {
        &mut self.gates[lane]
    }

    /// Whether the keys of all projects are refused.
    #[must_use]
    pub fn all_refused(&self) -> bool {
        self.gates.iter().all(Gate::is_refused)
    }
}

#[cfg(test)]
mod tests;
