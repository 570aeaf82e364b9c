//! Of accounts that wait to be looked up, and what they wait for.

use prometheus::{GaugeVec, IntGauge, IntGaugeVec};

use super::maker::Maker;

/// Of accounts that wait to be looked up, and what they wait for.
pub struct WaitingMetrics {
    /// Lookups under way; one of several accounts counts once.
    pub lookups_in_flight: IntGauge,
    /// Most accounts of a project that are asked for at once.
    pub batch_limit: IntGaugeVec,
    /// Accounts that are waiting or being looked up.
    pub accounts: IntGaugeVec,
    /// Seconds since the oldest undecided trigger was taken in.
    pub oldest: IntGaugeVec,
    /// 1 while a project's API is not asked.
    pub halted: IntGaugeVec,
    /// 1 while a project's API is unavailable and only tried now and then.
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
