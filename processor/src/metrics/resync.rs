//! Of resyncs.

use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use super::maker::Maker;

/// Why a resync has an account looked up, as a label.
const DIFFERENCES: [&str; 2] = ["changed", "missing"];

/// Of resyncs.
pub struct ResyncMetrics {
    /// Accounts that were looked up because of one, by why: the measure of missed webhooks.
    pub differences: IntCounterVec,
    /// When a complete list was last taken in, seconds since the epoch; 0 where none is known.
    pub last_success: IntGaugeVec,
    /// How often one is due; 0 for never.
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

    /// What alerts watch is 0 for this project.
    pub(super) fn begin_at_zero(&self, project: &str) {
        self.last_success.with_label_values(&[project]).set(0);
        for kind in DIFFERENCES {
            let differences = self.differences.with_label_values(&[project, kind]);
            differences.inc_by(0);
        }
    }

    /// One is due after each such time; never where it is 0.
    pub(crate) fn is_due_every(&self, interval: Duration) {
        let seconds = interval.as_secs();
        self.interval
            .set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }
}
