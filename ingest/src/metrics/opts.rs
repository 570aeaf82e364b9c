//! Names, help and buckets. All names begin with `stackone_ingest_`.

use prometheus::{HistogramOpts, Opts};

/// Seconds, for what is answered in milliseconds and given up after some seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Seconds from a delivery's `sent_at` to us: retries can be hours late.
const AGE_BUCKETS: [f64; 12] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0,
];

/// What all names begin with.
pub(super) const SERVICE: &str = "stackone_ingest";

pub(super) fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("{SERVICE}_{name}"), help)
}

pub(super) fn latency(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::from(opts(name, help)).buckets(LATENCY_BUCKETS.to_vec())
}

pub(super) fn age(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::from(opts(name, help)).buckets(AGE_BUCKETS.to_vec())
}
