//! Metrics of resyncs.

use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use super::maker::Maker;

/// The values of the label `kind`: why a resync has an account looked up.
const DIFFERENCES: [&str; 2] = ["changed", "missing"];

/// Metrics of resyncs.
pub struct ResyncMetrics {
    /// Accounts that a resync had looked up, by kind: the measure of missed webhooks.
    pub differences: IntCounterVec,
    /// The time of the last complete list, in seconds since 1970; 0 where none is known.
    pub last_success: IntGaugeVec,
    /// The configured interval in seconds; 0 for never.
    interval: IntGauge,
}

impl ResyncMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            differences: make.counters(
                "resync_differences_total",
                "Accounts that a resync had looked up",
                &["project", "kind"],
            )?,
            last_success: make.gauges(
                "resync_last_success_timestamp_seconds",
                "When a complete list was last taken in; 0 where none is known",
                &["project"],
            )?,
            interval: make.gauge(
                "resync_interval_seconds",
                "How often the accounts are to be listed; 0 for never",
            )?,
        })
    }

    /// Begins the series that alerts watch at 0 for this project.
    pub(super) fn begin_at_zero(&self, project: &str) {
        self.last_success.with_label_values(&[project]).set(0);
        for kind in DIFFERENCES {
            let differences = self.differences.with_label_values(&[project, kind]);
            differences.inc_by(0);
        }
    }

    /// Shows the configured interval; 0 for never.
    pub(crate) fn is_due_every(&self, interval: Duration) {
        let seconds = interval.as_secs();
        self.interval
            .set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }
}
