//! Requests to the public listener, and what became of them.

use std::time::Duration;

use jiff::SignedDuration;
use prometheus::{GaugeVec, Histogram, HistogramVec, IntCounterVec, IntGauge, Result};
use stackone_link_process::metrics::Metrics as Registry;

use super::by_outcome::ByOutcome;
use super::clock::now;
use super::opts::{age, latency, opts};
use crate::answer::outcome::Outcome;
use crate::body::limits::InFlight;

/// What is counted of webhooks.
pub(crate) struct WebhookMetrics {
    counted: IntCounterVec,
    duration: ByOutcome,
    in_flight_requests: IntGauge,
    in_flight_body_bytes: IntGauge,
    delivery_age: Histogram,
    last_accepted: GaugeVec,
    secret_matches: IntCounterVec,
}

impl WebhookMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let requests = "Requests to the public listener, by what became of them.";
        let duration = "From the end of a request's headers to its answer.";
        let held = "Requests being read or waiting for Kafka.";
        let bytes = "Bytes of bodies held for requests in flight.";
        let delivery = "Age of accepted webhooks by their sent_at.";
        let accepted = "When a webhook was last accepted.";
        let matches = "Authentic webhooks, by the secret they were signed with.";
        let gauge = |name, help| registry.register(IntGauge::with_opts(opts(name, help))?);
        let counter = |name, help, labels: &[&str]| {
            registry.register(IntCounterVec::new(opts(name, help), labels)?)
        };
        let duration =
            HistogramVec::new(latency("request_duration_seconds", duration), &["outcome"])?;
        let delivery = Histogram::with_opts(age("delivery_age_seconds", delivery))?;
        let accepted = opts("last_accepted_timestamp_seconds", accepted);
        Ok(Self {
            counted: counter("webhooks_total", requests, &["source", "outcome"])?,
            duration: ByOutcome::of(registry.register(duration)?),
            in_flight_requests: gauge("in_flight_requests", held)?,
            in_flight_body_bytes: gauge("in_flight_body_bytes", bytes)?,
            delivery_age: registry.register(delivery)?,
            last_accepted: registry.register(GaugeVec::new(accepted, &["source"])?)?,
            secret_matches: counter("secret_matches_total", matches, &["source", "secret"])?,
        })
    }

    /// A source is served from now on. Its counters begin at 0: a rate does not see a series that
    /// begins at 1.
    pub(super) fn source_is_served<'s>(
        &self,
        source: &str,
        secrets: impl Iterator<Item = &'s str>,
    ) {
        for secret in secrets {
            let labels = [source, secret];
            self.secret_matches.with_label_values(&labels).inc_by(0);
        }
        for outcome in Outcome::ALL {
            let labels = [source, outcome.reason()];
            self.counted.with_label_values(&labels).inc_by(0);
        }
    }

    /// A request was answered, or given up. `source` is the name of a configured source, if any.
    pub(crate) fn answered(&self, source: Option<&str>, outcome: Outcome, took: Duration) {
        let (source, reason) = (source.unwrap_or("unknown"), outcome.reason());
        self.counted.with_label_values(&[source, reason]).inc();
        self.duration.observe(outcome, took);
    }

    /// A webhook was signed with this secret.
    pub(crate) fn secret_matched(&self, source: &str, secret: &str) {
        let labels = [source, secret];
        self.secret_matches.with_label_values(&labels).inc();
    }

    /// A webhook was accepted, `age` after it was sent.
    pub(crate) fn accepted(&self, source: &str, age: Option<SignedDuration>) {
        self.last_accepted.with_label_values(&[source]).set(now());
        if let Some(age) = age {
            self.delivery_age.observe(age.as_secs_f64().max(0.0));
        }
    }

    pub(super) fn set(&self, held: InFlight) {
        let gauge = |amount| i64::try_from(amount).unwrap_or(i64::MAX);
        self.in_flight_requests.set(gauge(held.requests));
        self.in_flight_body_bytes.set(gauge(held.body_bytes));
    }
}
