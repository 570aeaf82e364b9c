//! Gauges: what waits, and for how long.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::time::Duration;

use jiff::Timestamp;

use super::Reconciler;

/// How often gauges that need a walk over the queue are set.
const INTERVAL: Duration = Duration::from_secs(1);

impl Reconciler {
    pub(super) fn observe(&mut self) {
        let now = clock::monotonic();
        let metrics = &self.surroundings.metrics;
        metrics
            .lookups_in_flight
            .set(i64::try_from(self.queue.in_flight()).unwrap_or(i64::MAX));
        if now < self.next_observation {
            return;
        }
        self.next_observation = now + INTERVAL;
        self.observe_partitions();
        let ready = self.partitions.values();
        let ready = ready.filter_map(|partition| partition.ready());
        let accounts: usize = ready.map(|ready| ready.states.len()).sum();
        metrics
            .state_accounts
            .set(i64::try_from(accounts).unwrap_or(i64::MAX));
        let held = self.letters.held.len();
        metrics
            .dead_letters_held
            .set(i64::try_from(held).unwrap_or(i64::MAX));
        for lane in 0..self.gates.len() {
            self.observe_lane(lane, now);
            self.observe_unlinks(lane);
        }
    }

    /// How many partitions are ours, and processed.
    pub(super) fn observe_partitions(&self) {
        let own = self.partitions.values();
        let ready = own.filter(|partition| partition.ready().is_some()).count();
        let partitions = &self.surroundings.metrics.partitions;
        partitions.observe(ready, self.partitions.len(), self.all_partitions);
    }

    fn observe_lane(&self, lane: usize, now: Monotonic) {
        let metrics = &self.surroundings.metrics;
        let project = self.surroundings.projects.label(lane);
        let queued = self.queue.works(lane);
        let queued = queued
            .filter(|work| !work.is_recorded_elsewhere())
            .map(|work| work.pending.since);
        let left = self.overflow.of(lane).filter_map(|left| left.since);
        let (count, oldest) = queued
            .chain(left)
            .fold((0, None), |(count, oldest), since| {
                (count + 1, oldest.into_iter().chain([since]).min())
            });
        let age = oldest.map_or(0, |since| {
            Timestamp::now().duration_since(since).as_secs().max(0)
        });
        metrics
            .pending_accounts
            .with_label_values(&[project])
            .set(count);
        metrics
            .oldest_pending
            .with_label_values(&[project])
            .set(age);
        let left = self.overflow.of(lane).count();
        metrics
            .projects
            .overflow_accounts
            .with_label_values(&[project])
            .set(i64::try_from(left).unwrap_or(i64::MAX));
        let wait = self.gates[lane].wait(now).unwrap_or_default();
        metrics
            .budget_wait
            .with_label_values(&[project])
            .set(wait.as_secs_f64());
        metrics
            .breaker_open
            .with_label_values(&[project])
            .set(i64::from(self.gates[lane].is_broken()));
        let most = self.batching[lane].most(now);
        metrics
            .batch_limit
            .with_label_values(&[project])
            .set(i64::try_from(most).unwrap_or(i64::MAX));
        let rate_limited = self.gates[lane].opens_at().is_some_and(|opens| opens > now);
        metrics
            .project_halted
            .with_label_values(&[project, "rate_limited"])
            .set(i64::from(rate_limited));
    }
}
