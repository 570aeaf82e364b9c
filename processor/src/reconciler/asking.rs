//! Sending lookups: whose turn it is, and whether the project's gate lets it through.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::time::Duration;

use super::Reconciler;
use stackone_processor_core::api_gate::batch::{Asked, go_together};
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

/// So many answers may wait for a commit. Where Kafka cannot commit, to ask on would make all of them older, and take
/// memory without end.
pub(super) const MOST_DECIDED: usize = 1_000;

impl Reconciler {
    pub(super) fn next_wake(&self) -> Monotonic {
        let mut wake = self.next_markers;
        if !self.decided.is_empty() {
            wake = wake.min(self.next_attempt());
        }
        self.next_lookup(clock::monotonic())
            .map_or(wake, |next| wake.min(next))
    }

    /// When the next lookup can be sent, if nothing else happens.
    pub(super) fn next_lookup(&self, now: Monotonic) -> Option<Monotonic> {
        let lanes = self.gates.iter().enumerate();
        let next = lanes.filter_map(|(lane, gate)| {
            let ready = self.next_ready(lane).filter(|_| self.has_room(lane))?;
            Some(ready.max(now + gate.wait(now)?))
        });
        next.min()
    }

    fn has_room(&self, lane: Lane) -> bool {
        self.queue.in_flight_of(lane) < self.settings.max_lookups
            && self.decided.len() < MOST_DECIDED
    }

    /// Sends lookups, one lane after the other, as long as there is room and something is ready.
    pub(super) fn send_lookups(&mut self) {
        let lanes = self.gates.len();
        let now = clock::monotonic();
        let mut idle_lanes = 0;
        while idle_lanes < lanes {
            let lane = self.next_lane;
            self.next_lane = (lane + 1) % lanes;
            let taken = self.take(lane, now);
            let Some(first) = taken.first().and_then(|key| self.queue.asked(key)) else {
                idle_lanes += 1;
                continue;
            };
            idle_lanes = 0;
            let is_modest = first.is_recorded_elsewhere() || self.is_held(lane, first);
            let payment = self.gates[lane].pay_for(is_modest, now);
            match payment {
                Ok(()) => self.send(taken, lane),
                Err(later) => {
                    for key in &taken {
                        self.queue.recheck(key, later, now, |_| {});
                    }
                }
            }
        }
    }

    /// Takes what is to be asked for next, in one request: one account or several.
    fn take(&mut self, lane: Lane, now: Monotonic) -> Vec<AccountKey> {
        if !self.has_room(lane) || self.gates[lane].wait(now) != Some(Duration::ZERO) {
            return Vec::new();
        }
        self.recall_due(lane, now);
        let queue = &self.queue;
        let size = if self.gates[lane].is_broken() {
            1
        } else {
            self.batching[lane].size(now, |limit| queue.count_ready(lane, now, limit))
        };
        let goes_with = |first: &Work, other: &Work| go_together(first, other, size);
        self.queue.take_together(lane, now, size, goes_with)
    }

    fn send(&mut self, keys: Vec<AccountKey>, lane: Lane) {
        for key in &keys {
            let asked = self.queue.work_mut(key).take(1);
            asked.for_each(|work| work.pending.lookups += 1);
        }
        let asked = |key: AccountKey| {
            let partition = self.partitions.get(&key.partition);
            let epoch = partition.map_or(0, |partition| partition.epoch);
            Asked { key, epoch }
        };
        let mut asked: Vec<Asked> = keys.into_iter().map(asked).collect();
        match asked.pop() {
            Some(Asked { key, epoch }) if asked.is_empty() => self.lookups.send(key, lane, epoch),
            last => {
                asked.extend(last);
                self.lookups.send_batch(asked, lane);
            }
        }
    }
}
