//! Records on their way to Kafka.

use std::time::Duration;

use prometheus::{Gauge, HistogramVec, IntCounter, IntGauge, Result};
use stackone_link_process::metrics::Metrics as Registry;

use super::by_outcome::ByOutcome;
use super::clock::now;
use super::opts::{latency, opts};
use crate::answer::outcome::Outcome;

/// What is counted of the producer.
pub(crate) struct PublishMetrics {
    duration: ByOutcome,
    last_ack: Gauge,
    queue: IntGauge,
    rebuilds: IntCounter,
}

impl PublishMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let duration = "From handing a record to the producer to knowing what became of it.";
        let duration = latency("publish_duration_seconds", duration);
        let last_ack = "When a broker last acknowledged a record.";
        let queue = opts(
            "producer_queue_messages",
            "Records Kafka has not answered for.",
        );
        let rebuilds = "How often the producer was rebuilt, or tried to be: it failed for good or made no progress.";
        let rebuilds = opts("producer_rebuilds_total", rebuilds);
        let gauge = |name, help| registry.register(Gauge::with_opts(opts(name, help))?);
        let duration = registry.register(HistogramVec::new(duration, &["outcome"])?)?;
        Ok(Self {
            duration: ByOutcome::of(duration),
            last_ack: gauge("last_ack_timestamp_seconds", last_ack)?,
            queue: registry.register(IntGauge::with_opts(queue)?)?,
            rebuilds: registry.register(IntCounter::with_opts(rebuilds)?)?,
        })
    }

    /// It is known what became of a record.
    pub(crate) fn published(&self, outcome: Outcome, took: Duration) {
        self.duration.observe(outcome, took);
        if outcome.status().is_success() {
            self.last_ack.set(now());
        }
    }

    /// The producer is being rebuilt.
    pub(crate) fn rebuilt(&self) {
        self.rebuilds.inc();
    }

    pub(super) fn set(&self, queued: usize) {
        self.queue.set(i64::try_from(queued).unwrap_or(i64::MAX));
    }
}
