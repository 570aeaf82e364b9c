//! Metrics of what holds a project's accounts up.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::maker::Maker;

/// Metrics of what holds a project's accounts up.
pub struct ProjectMetrics {
    /// Accounts whose unlinks are held because too many vanished at once.
    pub unlinks_held: IntGaugeVec,
    /// Accounts that wait only in their state records, because the work queue is full.
    pub overflow_accounts: IntGaugeVec,
    /// Failed attempts to read an API key file again; the last key stays in use.
    pub key_reload_failures: IntCounterVec,
}

impl ProjectMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            unlinks_held: make.gauges(
                "unlinks_held",
                "Accounts that would be unlinked, had not too many vanished at once",
                &["project"],
            )?,
            overflow_accounts: make.gauges(
                "overflow_accounts",
                "Accounts that wait in their state records alone",
                &["project"],
            )?,
            key_reload_failures: make.counters(
                "api_key_reload_failures_total",
                "Times an API key file could not be read again",
                &["project"],
            )?,
        })
    }

    /// Begins the series that alerts watch at 0 for this project.
    pub(super) fn begin_at_zero(&self, project: &str) {
        let failures = self.key_reload_failures.with_label_values(&[project]);
        failures.inc_by(0);
    }

    /// Counts that an API key file could not be read again.
    pub(crate) fn key_reload_failed(&self, project: &str) {
        self.key_reload_failures.with_label_values(&[project]).inc();
    }
}
