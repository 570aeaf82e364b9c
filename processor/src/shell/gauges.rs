//! Sets the gauges of what waits, and for how long.

use std::time::Duration;

use stackone_processor_core::processor::{Gauges, ProjectGauges};
use stackone_processor_core::work::queue::Lane;

use super::Shell;
use crate::clock;

/// How often gauges are set that need a walk over the queue.
const INTERVAL: Duration = Duration::from_secs(1);

impl Shell {
    pub(super) fn observe(&mut self) {
        let in_flight = gauge(self.core.lookups_in_flight());
        self.context
            .metrics
            .waiting
            .lookups_in_flight
            .set(in_flight);
        if clock::monotonic() >= self.next_gauges {
            self.next_gauges = clock::monotonic() + INTERVAL;
            self.show_gauges();
        }
    }

    pub(super) fn show_gauges(&mut self) {
        let gauges: Gauges = self.core.gauges(clock::now(), &mut self.observed);
        let metrics = &self.context.metrics;
        let count = gauges.partitions;
        metrics
            .partitions
            .observe(count.ready, count.owned, count.total);
        metrics.state_accounts.set(gauge(gauges.accounts));
        metrics
            .commits
            .dead_letters_held
            .set(gauge(gauges.dead_letters_held));
        for (lane, project) in gauges.projects.iter().enumerate() {
            self.show_project(lane, project);
        }
    }

    fn show_project(&self, lane: Lane, gauges: &ProjectGauges) {
        let metrics = &self.context.metrics;
        let project = [self.context.projects.label(lane)];
        let show = |gauges: &prometheus::IntGaugeVec, value: i64| {
            gauges.with_label_values(&project).set(value);
        };
        show(&metrics.waiting.accounts, gauge(gauges.pending));
        let seconds = gauges.oldest_pending.as_secs();
        show(
            &metrics.waiting.oldest,
            i64::try_from(seconds).unwrap_or(i64::MAX),
        );
        show(&metrics.projects.overflow_accounts, gauge(gauges.spilled));
        show(&metrics.projects.unlinks_held, gauge(gauges.unlinks_held));
        show(&metrics.waiting.breaker_open, i64::from(gauges.is_broken));
        show(&metrics.waiting.batch_limit, gauge(gauges.most_at_once));
        let budget = metrics.waiting.budget_wait.with_label_values(&project);
        budget.set(gauges.budget_wait.as_secs_f64());
        let halted = &metrics.waiting.halted;
        halted
            .with_label_values(&[project[0], "rate_limited"])
            .set(i64::from(gauges.is_rate_limited));
    }
}

fn gauge(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
