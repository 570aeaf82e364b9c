//! Picks the next lookup.

use std::time::Duration;

use super::Scheduler;
use crate::api_gate::batch::can_batch;
use crate::partitions::Partitions;
use crate::time::{Monotonic, Now};
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

impl Scheduler {
    /// Returns when the next lookup can be sent if no input comes before.
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

    /// Takes the next lookup, of one project after the other: one account, or several in one
    /// request. `None` where nothing can be asked. `is_modest` says which work the rechecks' part
    /// of the budget pays for.
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
            let Some(first) = taken.first().and_then(|key| self.queue.work_in_flight(key)) else {
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
}
