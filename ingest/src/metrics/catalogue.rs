//! Every metric: its name, what it says, its labels. All names begin with `stackone_ingest_`.

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Result,
};

/// Seconds, for what is answered in milliseconds and given up after some seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Seconds from a delivery's `sent_at` to us: retries can be hours late.
const AGE_BUCKETS: [f64; 12] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0,
];

pub(super) fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("stackone_ingest_{name}"), help)
}

fn latency(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::from(opts(name, help)).buckets(LATENCY_BUCKETS.to_vec())
}

pub(super) fn webhooks() -> Result<IntCounterVec> {
    let help = "Requests to the public listener, by what became of them.";
    IntCounterVec::new(opts("webhooks_total", help), &["source", "outcome"])
}

pub(super) fn request_duration() -> Result<HistogramVec> {
    let help = "From the end of a request's headers to its answer.";
    HistogramVec::new(latency("request_duration_seconds", help), &["outcome"])
}

pub(super) fn publish_duration() -> Result<HistogramVec> {
    let help = "From handing a record to the producer to knowing what became of it.";
    HistogramVec::new(latency("publish_duration_seconds", help), &["outcome"])
}

pub(super) fn in_flight_requests() -> Result<IntGauge> {
    let help = "Requests being read or waiting for Kafka.";
    IntGauge::with_opts(opts("in_flight_requests", help))
}

pub(super) fn in_flight_body_bytes() -> Result<IntGauge> {
    let help = "Bytes of bodies held for requests in flight.";
    IntGauge::with_opts(opts("in_flight_body_bytes", help))
}

pub(super) fn delivery_age() -> Result<Histogram> {
    let help = "Age of accepted webhooks by their sent_at.";
    let opts = HistogramOpts::from(opts("delivery_age_seconds", help));
    Histogram::with_opts(opts.buckets(AGE_BUCKETS.to_vec()))
}

pub(super) fn last_accepted() -> Result<GaugeVec> {
    let help = "When a webhook was last accepted.";
    GaugeVec::new(opts("last_accepted_timestamp_seconds", help), &["source"])
}

pub(super) fn connections_refused() -> Result<IntCounter> {
    let help = "Connections closed at once because their peer had too many.";
    IntCounter::with_opts(opts("connections_refused_total", help))
}

pub(super) fn panics_total() -> Result<IntCounter> {
    let help = "Connections and operators' requests that ended by a panic, a bug of ours.";
    IntCounter::with_opts(opts("panics_total", help))
}

pub(super) fn connections_open() -> Result<IntGauge> {
    let help = "Connections to the public listener that are open.";
    IntGauge::with_opts(opts("connections_open", help))
}

pub(super) fn connections_failed() -> Result<IntCounterVec> {
    let help =
        "Connections that ended otherwise than by being closed, by what was wrong with them.";
    IntCounterVec::new(opts("connections_failed_total", help), &["reason"])
}

pub(super) fn last_ack() -> Result<Gauge> {
    let help = "When a broker last acknowledged a record.";
    Gauge::with_opts(opts("last_ack_timestamp_seconds", help))
}

pub(super) fn secret_matches() -> Result<IntCounterVec> {
    let help = "Authentic webhooks, by the secret they were signed with.";
    IntCounterVec::new(opts("secret_matches_total", help), &["source", "secret"])
}

pub(super) fn producer_queue() -> Result<IntGauge> {
    let help = "Records Kafka has not answered for.";
    IntGauge::with_opts(opts("producer_queue_messages", help))
}

pub(super) fn producer_linger() -> Result<Gauge> {
    let help = "How long a record that came now would wait for others before it is sent.";
    Gauge::with_opts(opts("producer_linger_seconds", help))
}

pub(super) fn secret_reload_failures() -> Result<IntCounterVec> {
    let help = "Checks that found a secret, or for source unknown the list of them, unreadable; the last good one stays.";
    IntCounterVec::new(opts("secret_reload_failures_total", help), &["source"])
}

pub(super) fn producer_rebuilds() -> Result<IntCounter> {
    let help = "How often the producer was rebuilt, or tried to be: it failed for good or made no progress.";
    IntCounter::with_opts(opts("producer_rebuilds_total", help))
}

pub(super) fn tls_handshake_failures() -> Result<IntCounterVec> {
    let help = "Connections that came to no TLS: not within its deadline (too_slow), led by the PROXY protocol (proxy_protocol), or not at all (failed).";
    IntCounterVec::new(opts("tls_handshake_failures_total", help), &["reason"])
}

pub(super) fn tls_reload_failures() -> Result<IntCounter> {
    let help = "Checks that found certificate or private key of no use; the last good pair stays.";
    IntCounter::with_opts(opts("tls_reload_failures_total", help))
}

/// Without labels, as a vector so that a listener without TLS shows no certificate that expired in 1970.
pub(super) fn tls_certificate_expiry() -> Result<GaugeVec> {
    let help = "When the certificate in force is no longer valid; absent without TLS.";
    GaugeVec::new(opts("tls_certificate_expiry_timestamp_seconds", help), &[])
}
