//! Metrics of accounts that wait for a lookup.

use prometheus::{GaugeVec, IntGauge, IntGaugeVec};

use super::maker::Maker;

/// Metrics of accounts that wait for a lookup.
pub struct WaitingMetrics {
    /// Lookups under way; a batch counts once.
    pub lookups_in_flight: IntGauge,
    /// The most accounts of a project that one request may ask for at present.
    pub batch_limit: IntGaugeVec,
    /// Accounts that wait or are being looked up.
    pub accounts: IntGaugeVec,
    /// Seconds since the oldest undecided trigger of a project was consumed.
    pub oldest: IntGaugeVec,
    /// 1 while nothing is asked for a project, by reason.
    pub halted: IntGaugeVec,
    /// 1 while a project's API is unavailable, and one lookup at a time tries it.
    pub breaker_open: IntGaugeVec,
    /// Seconds until the budget allows the next lookup of a project.
    pub budget_wait: GaugeVec,
}

impl WaitingMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            lookups_in_flight: make
                .gauge("lookups_in_flight", "Lookups under way, a batch being one")?,
            batch_limit: make.gauges(
                "batch_limit_accounts",
                "Most accounts asked for at once",
                &["project"],
            )?,
            accounts: make.gauges(
                "pending_accounts",
                "Accounts with undecided triggers",
                &["project"],
            )?,
            oldest: make.gauges(
                "oldest_pending_seconds",
                "Age of the oldest undecided trigger",
                &["project"],
            )?,
            halted: make.gauges(
                "project_halted",
                "1 while a project's API is not asked",
                &["project", "reason"],
            )?,
            breaker_open: make.gauges(
                "breaker_open",
                "1 while a project's API is unavailable",
                &["project"],
            )?,
            budget_wait: make.fractions(
                "budget_wait_seconds",
                "Until the budget allows the next lookup",
                &["project"],
            )?,
        })
    }
}
