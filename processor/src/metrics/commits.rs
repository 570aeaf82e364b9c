//! Of transactions.

use prometheus::{Histogram, IntCounterVec, IntGauge};

use super::maker::Maker;

/// Of transactions.
pub struct CommitMetrics {
    /// Transactions by outcome.
    pub transactions: IntCounterVec,
    /// From begin to commit or abort.
    pub duration: Histogram,
    /// When the last transaction was committed, seconds since the epoch.
    pub last: IntGauge,
    /// Dead letters that wait because their topic refused some.
    pub dead_letters_held: IntGauge,
}

impl CommitMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            transactions: make.counters("transactions_total", "Transactions", &["outcome"])?,
            duration: make.histogram(
                "transaction_duration_seconds",
                "From begin to commit or abort",
            )?,
            last: make.gauge(
                "last_commit_timestamp_seconds",
                "When the last transaction was committed",
            )?,
            dead_letters_held: make.gauge(
                "dead_letters_held",
                "Dead letters that wait because their topic refused some",
            )?,
        })
    }
}
