//! Metrics of requests to StackOne's API: their cost, and what they found.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};
use stackone_client_types::{ApiError, Lookup};

use super::maker::Maker;
use stackone_processor_core::api_gate::batch::{Asked, Reading};

/// Metrics of requests to StackOne's API.
pub struct ApiMetrics {
    lookups: IntCounterVec,
    requests: IntCounterVec,
    duration: HistogramVec,
}

impl ApiMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            lookups: make.counters(
                "lookups_total",
                "Accounts looked up",
                &["project", "outcome"],
            )?,
            requests: make.counters(
                "api_requests_total",
                "Requests to StackOne's API",
                &["project", "operation", "outcome"],
            )?,
            duration: make.histograms(
                "api_request_duration_seconds",
                "Time of a request to StackOne's API",
                &["operation"],
                prometheus::DEFAULT_BUCKETS,
            )?,
        })
    }

    /// Counts the answer to a lookup.
    pub(crate) fn lookup_answered(
        &self,
        project: &str,
        result: &Result<Lookup, ApiError>,
        took: Duration,
    ) {
        let outcome = match result {
            Ok(Lookup::Found(_)) => "found",
            Ok(Lookup::NotFound) => "not_found",
            Err(error) => error.outcome(),
        };
        self.lookups.with_label_values(&[project, outcome]).inc();
        self.answered(project, "get_account", outcome, took);
    }

    /// Counts the answer to a batch, which is one request. An account that it left out is counted
    /// again when it is looked up alone.
    pub(crate) fn batch_answered(
        &self,
        project: &str,
        result: &Result<Reading, (Vec<Asked>, ApiError)>,
        took: Duration,
    ) {
        let (outcomes, outcome) = match result {
            Ok(reading) => (
                vec![
                    ("found", reading.shown.len()),
                    ("left_out", reading.missing.len()),
                ],
                "answered",
            ),
            Err((asked, error)) => (vec![(error.outcome(), asked.len())], error.outcome()),
        };
        for (outcome, accounts) in outcomes {
            let accounts = u64::try_from(accounts).unwrap_or(u64::MAX);
            self.lookups
                .with_label_values(&[project, outcome])
                .inc_by(accounts);
        }
        self.answered(project, "batch", outcome, took);
    }

    /// Counts the answer to a probe.
    pub(crate) fn probe_answered(
        &self,
        project: &str,
        result: &Result<(), ApiError>,
        took: Duration,
    ) {
        let outcome = result
            .as_ref()
            .map_or_else(ApiError::outcome, |()| "accepted");
        self.answered(project, "probe", outcome, took);
    }

    fn answered(&self, project: &str, operation: &str, outcome: &str, took: Duration) {
        self.requests
            .with_label_values(&[project, operation, outcome])
            .inc();
        self.duration
            .with_label_values(&[operation])
            .observe(took.as_secs_f64());
    }
}
