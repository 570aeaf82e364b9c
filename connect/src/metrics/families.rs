//! Groups of metrics, and how each metric is made.

use prometheus::{GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};
use stackone_link_listeners::{CertificateMetrics, ConnectionMetrics};
use stackone_link_process::metrics::Metrics as Registry;

/// The prefix of all names.
const SERVICE: &str = "stackone_connect";
/// Buckets in seconds for what a person waits for: from the pipeline's own latency to the outage of
/// an API.
const WAITS: [f64; 14] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0,
];

/// Buckets in seconds for what is answered in milliseconds.
const LATENCY: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

pub(super) struct Requests {
    pub(super) answered: IntCounterVec,
    pub(super) duration: Histogram,
    pub(super) refusals: IntCounterVec,
    pub(super) jwt_refusals: IntCounterVec,
}

/// Metrics of listeners and of the process.
pub(crate) struct Listeners {
    pub(crate) connections: ConnectionMetrics,
    pub(crate) certificate: CertificateMetrics,
}

pub(super) struct Sessions {
    pub(super) created: IntCounterVec,
    pub(super) settled: IntCounterVec,
    pub(super) tokens: IntCounter,
    pub(super) linked_to_verified: Histogram,
    pub(super) created_to_verified: Histogram,
}

pub(super) struct Jwks {
    pub(super) fetched_at: GaugeVec,
    pub(super) failures: IntCounterVec,
}

pub(super) struct Gauges {
    pub(super) streams: IntGauge,
    pub(super) known_sessions: IntGauge,
    pub(super) known_accounts: IntGauge,
    pub(super) undecided_looks: IntGauge,
    pub(super) oldest_look: IntGauge,
    pub(super) reloads: IntCounter,
}

pub(super) fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("{SERVICE}_{name}"), help)
}

pub(super) type Made<T> = Result<T, prometheus::Error>;
/// The name and the help text of a metric.
type Named<'n> = (&'n str, &'n str);

/// Makes metrics and registers them.
pub(super) struct Make<'r>(pub(super) &'r Registry);

impl Make<'_> {
    pub(super) fn counters(&self, (name, help): Named<'_>, labels: &[&str]) -> Made<IntCounterVec> {
        self.0
            .register(IntCounterVec::new(opts(name, help), labels)?)
    }

    pub(super) fn counter(&self, (name, help): Named<'_>) -> Made<IntCounter> {
        self.0.register(IntCounter::with_opts(opts(name, help))?)
    }

    pub(super) fn gauge(&self, (name, help): Named<'_>) -> Made<IntGauge> {
        self.0.register(IntGauge::with_opts(opts(name, help))?)
    }

    pub(super) fn histogram(&self, (name, help): Named<'_>, buckets: &[f64]) -> Made<Histogram> {
        let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
        self.0.register(Histogram::with_opts(opts)?)
    }
}

impl Requests {
    pub(super) fn new(make: &Make<'_>) -> Made<Self> {
        let answered = "Requests by class of the answer's status.";
        let duration = "From the end of a request's headers to its answer; streams to their begin.";
        let refusals = "Requests that were not served, by why.";
        let jwts = "JWTs that were not believed, by why.";
        Ok(Self {
            answered: make.counters(("requests_total", answered), &["status"])?,
            duration: make.histogram(("request_duration_seconds", duration), &LATENCY)?,
            refusals: make.counters(("refusals_total", refusals), &["reason"])?,
            jwt_refusals: make.counters(("jwt_refusals_total", jwts), &["reason"])?,
        })
    }
}

impl Listeners {
    pub(super) fn new(registry: &Registry) -> Made<Self> {
        Ok(Self {
            connections: ConnectionMetrics::new(registry, SERVICE)?,
            certificate: CertificateMetrics::new(registry, SERVICE)?,
        })
    }
}

impl Sessions {
    pub(super) fn new(make: &Make<'_>) -> Made<Self> {
        let settled = "Link sessions that came to an end that this replica wrote down.";
        let linked = "From the page's word that there is an account to its confirmation.";
        let created = "From the request for a session to its confirmation.";
        Ok(Self {
            created: make.counters(
                ("sessions_created_total", "Link sessions asked for."),
                &["channel"],
            )?,
            settled: make.counters(("sessions_settled_total", settled), &["channel", "state"])?,
            tokens: make.counter((
                "tokens_minted_total",
                "Sessions of StackOne's that were made.",
            ))?,
            linked_to_verified: make.histogram(("linked_to_verified_seconds", linked), &WAITS)?,
            created_to_verified: make
                .histogram(("created_to_verified_seconds", created), &WAITS)?,
        })
    }
}

impl Jwks {
    pub(super) fn new(make: &Make<'_>) -> Made<Self> {
        let fetched = "When the key set was fetched last.";
        let fetched = opts("jwks_last_success_timestamp_seconds", fetched);
        Ok(Self {
            fetched_at: make.0.register(GaugeVec::new(fetched, &["issuer"])?)?,
            failures: make.counters(
                ("jwks_failures_total", "Key sets that could not be fetched."),
                &["issuer"],
            )?,
        })
    }
}

impl Gauges {
    pub(super) fn new(make: &Make<'_>) -> Made<Self> {
        let oldest = "Age of the oldest look that is not decided.";
        let reloads = "Secrets that could not be read again.";
        Ok(Self {
            streams: make.gauge(("streams_open", "Event streams that are open."))?,
            known_sessions: make.gauge(("sessions", "Link sessions that are known."))?,
            known_accounts: make.gauge(("accounts", "Accounts that are known."))?,
            undecided_looks: make.gauge(("looks_undecided", "Looks that are not decided."))?,
            oldest_look: make.gauge(("oldest_undecided_look_seconds", oldest))?,
            reloads: make.counter(("secret_reload_failures_total", reloads))?,
        })
    }
}
