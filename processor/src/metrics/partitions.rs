//! Metrics of partitions.

use prometheus::{IntGauge, IntGaugeVec};

use super::maker::Maker;

/// Counts existing and processed partitions: a partition that nobody processes shows in no other
/// metric.
pub struct PartitionMetrics {
    own: IntGaugeVec,
    all: IntGauge,
    /// 1 while intake is paused, so that no partition is read.
    pub intake_paused: IntGauge,
    /// Partitions whose restore waits for a transaction to end.
    pub restores_waiting: IntGauge,
}

impl PartitionMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            own: make.gauges(
                "partitions",
                "Partitions of this replica, processed (ready) or with their state still being read (restoring)",
                &["state"],
            )?,
            intake_paused: make.gauge(
                "intake_paused",
                "1 while no records are read, since too many are neither decided nor written down",
            )?,
            restores_waiting: make.gauge(
                "restores_waiting",
                "Partitions of this replica whose restore waits for an open transaction to end",
            )?,
            all: make.gauge("topic_partitions", "Partitions of the account events topic")?,
        })
    }

    /// Sets the gauges: of `all` partitions of the topic, `own` belong to this replica, and of
    /// these `ready` are processed.
    pub(crate) fn observe(&self, ready: usize, own: usize, all: usize) {
        let gauge = |amount: usize| i64::try_from(amount).unwrap_or(i64::MAX);
        let restoring = own.saturating_sub(ready);
        self.own.with_label_values(&["ready"]).set(gauge(ready));
        self.own
            .with_label_values(&["restoring"])
            .set(gauge(restoring));
        self.all.set(gauge(all));
    }
}
