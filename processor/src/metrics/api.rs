//! Of requests to StackOne's API: what accounts came of them, and what they cost.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};
use stackone_client_types::{ApiError, Lookup};

use super::Metrics;
use super::maker::Maker;
use stackone_processor_core::api_gate::batch::{Asked, Reading};

/// Of requests to StackOne's API.
pub(super) struct ApiMetrics {
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
}

impl Metrics {
    /// A lookup came back.
    pub fn lookup_answered(
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
        self.api
            .lookups
            .with_label_values(&[project, outcome])
            .inc();
        self.api_answered(project, "get_account", outcome, took);
    }

    /// A lookup of several accounts came back: one request. An account that it left out is counted again when it is
    /// asked for alone.
    pub fn batch_answered(
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
            self.api
                .lookups
                .with_label_values(&[project, outcome])
                .inc_by(accounts);
        }
        self.api_answered(project, "batch", outcome, took);
    }

    /// A probe came back.
    pub fn probe_answered(&self, project: &str, result: &Result<(), ApiError>, took: Duration) {
        let outcome = result
            .as_ref()
            .map_or_else(ApiError::outcome, |()| "accepted");
        self.api_answered(project, "probe", outcome, took);
    }

    fn api_answered(&self, project: &str, operation: &str, outcome: &str, took: Duration) {
        self.api
            .requests
            .with_label_values(&[project, operation, outcome])
            .inc();
        self.api
            .duration
            .with_label_values(&[operation])
            .observe(took.as_secs_f64());
    }
}
