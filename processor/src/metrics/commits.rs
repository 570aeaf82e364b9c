//! Metrics of transactions.

use prometheus::{Histogram, IntCounterVec, IntGauge};

use super::maker::Maker;

/// Metrics of transactions.
pub struct CommitMetrics {
    /// Transactions by their outcome.
    pub transactions: IntCounterVec,
    /// Seconds from the beginning of a transaction to its commit or abort.
    pub duration: Histogram,
    /// The time of the last commit, in seconds since 1970.
    pub last: IntGauge,
    /// Dead letters that wait because their topic has refused some.
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
