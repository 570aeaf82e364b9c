//! Metrics, in a registry of their own, so that several services can live in one process. Labels come from
//! enums and from validated configuration; never from a request.

use std::time::Duration;

use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder as _, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, TextEncoder,
};
use stackone_link_process::metrics::{Description, Metrics as Registry};
use stackone_link_process::stderr;
use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use crate::follow::Followed;
use crate::jwt::JwtError;
use crate::problem::Reason;
use crate::session::SessionState;

/// Lines that the process could not write.
const LOG_LINES_LOST: &str = "stackone_connect_log_lines_lost_total";
/// Seconds a person waits: from what the pipeline needs to what an API that is down needs.
const WAITS: [f64; 14] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0,
];
const LATENCY: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What StackOne is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Operation {
    CreateConnectSession,
    DeleteAccount,
}

impl Operation {
    pub(crate) fn label(self) -> &'static str {
        self.into()
    }
}

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum LookOutcome {
    /// Asked for.
    Published,
    /// It could not be asked for; tried again.
    NotPublished,
    /// The session was verified by it, and not by a webhook before it.
    Verified,
    /// It found that nothing was saved, or that the provider still refuses.
    Failed,
    /// The account is not there.
    NotFound,
}

/// Something worth counting that is no refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Notable {
    /// A page named an account of another tenant.
    ForeignHint,
    /// Several accounts or sessions fit.
    Ambiguous,
}

/// The metrics of one service.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_duration: Histogram,
    refusals: IntCounterVec,
    jwt_refusals: IntCounterVec,
    sessions: Sessions,
    stackone: IntCounterVec,
    looks: IntCounterVec,
    notable: IntCounterVec,
    unreadable: IntCounterVec,
    jwks: Jwks,
    gauges: Gauges,
}

struct Sessions {
    created: IntCounterVec,
    settled: IntCounterVec,
    tokens: IntCounter,
    linked_to_verified: Histogram,
    created_to_verified: Histogram,
}

struct Jwks {
    fetched_at: GaugeVec,
    failures: IntCounterVec,
}

struct Gauges {
    streams: IntGauge,
    known_sessions: IntGauge,
    known_accounts: IntGauge,
    undecided_looks: IntGauge,
    oldest_look: IntGauge,
    reloads: IntCounter,
}

/// Every metric of the service: what alerts and dashboards may name.
///
/// # Errors
///
/// Where two have one name.
pub fn catalogue() -> Result<Vec<Description>, prometheus::Error> {
    Ok(Metrics::new()?.registry.descriptions())
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("stackone_connect_{name}"), help)
}

type Made<T> = Result<T, prometheus::Error>;
/// A metric's name and what it says.
type Named<'n> = (&'n str, &'n str);

/// Makes metrics and registers them.
struct Make<'r>(&'r Registry);

impl Make<'_> {
    fn counters(&self, (name, help): Named<'_>, labels: &[&str]) -> Made<IntCounterVec> {
        self.0
            .register(IntCounterVec::new(opts(name, help), labels)?)
    }

    fn counter(&self, (name, help): Named<'_>) -> Made<IntCounter> {
        self.0.register(IntCounter::with_opts(opts(name, help))?)
    }

    fn gauge(&self, (name, help): Named<'_>) -> Made<IntGauge> {
        self.0.register(IntGauge::with_opts(opts(name, help))?)
    }

    fn histogram(&self, (name, help): Named<'_>, buckets: &[f64]) -> Made<Histogram> {
        let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
        self.0.register(Histogram::with_opts(opts)?)
    }
}

impl Sessions {
    fn new(make: &Make<'_>) -> Made<Self> {
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
    fn new(make: &Make<'_>) -> Made<Self> {
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
    fn new(make: &Make<'_>) -> Made<Self> {
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

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new(None)?;
        registry.register_all(ProcessCollector::for_self())?;
        build_info(&registry)?;
        stderr::register_lines_lost(&registry, LOG_LINES_LOST)?;
        let make = Make(&registry);
        let about_requests =
            "From the end of a request's headers to its answer; streams to their begin.";
        let metrics = Self {
            requests: make.counters(
                (
                    "requests_total",
                    "Requests by class of the answer's status.",
                ),
                &["status"],
            )?,
            request_duration: make
                .histogram(("request_duration_seconds", about_requests), &LATENCY)?,
            refusals: make.counters(
                ("refusals_total", "Requests that were not served, by why."),
                &["reason"],
            )?,
            jwt_refusals: make.counters(
                ("jwt_refusals_total", "JWTs that were not believed, by why."),
                &["reason"],
            )?,
            sessions: Sessions::new(&make)?,
            stackone: make.counters(
                (
                    "stackone_requests_total",
                    "Requests to StackOne by their outcome.",
                ),
                &["project", "operation", "outcome"],
            )?,
            looks: make.counters(
                (
                    "looks_total",
                    "Looks at accounts where no webhook came, and what they found.",
                ),
                &["outcome"],
            )?,
            notable: make.counters(
                (
                    "notable_total",
                    "What does not go as it should and harms nothing.",
                ),
                &["what"],
            )?,
            unreadable: make.counters(
                ("unreadable_records_total", "Records that were passed over."),
                &["topic"],
            )?,
            jwks: Jwks::new(&make)?,
            gauges: Gauges::new(&make)?,
            registry,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// A rate does not see a series that begins at 1.
    fn begin_at_zero(&self) {
        for reason in Reason::iter() {
            self.refusals.with_label_values(&[reason.label()]).inc_by(0);
        }
        for outcome in LookOutcome::iter() {
            self.looks
                .with_label_values(&[<&str>::from(outcome)])
                .inc_by(0);
        }
        for what in Notable::iter() {
            self.notable
                .with_label_values(&[<&str>::from(what)])
                .inc_by(0);
        }
        for class in ["2xx", "4xx", "5xx"] {
            self.requests.with_label_values(&[class]).inc_by(0);
        }
        for topic in [Followed::Facts, Followed::States] {
            self.unreadable.with_label_values(&[label(topic)]).inc_by(0);
        }
        for channel in ["hub", "link"] {
            self.sessions
                .created
                .with_label_values(&[channel])
                .inc_by(0);
            for state in [
                SessionState::Verified,
                SessionState::Failed,
                SessionState::Cancelled,
            ] {
                let labels = [channel, state.as_str()];
                self.sessions.settled.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// Counts from zero for the projects that are configured.
    pub(crate) fn serves_project(&self, project: &str) {
        for operation in Operation::iter() {
            for outcome in [
                "ok",
                "refused",
                "rate_limited",
                "unavailable",
                "rejected",
                "unreadable",
            ] {
                let labels = [project, operation.label(), outcome];
                self.stackone.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// Counts from zero for an issuer whose key set is fetched: never, until it was.
    pub(crate) fn fetches_jwks(&self, issuer: &str) {
        self.jwks.fetched_at.with_label_values(&[issuer]).set(0.0);
        self.jwks.failures.with_label_values(&[issuer]).inc_by(0);
    }

    pub(crate) fn answered(&self, status: u16, took: Duration) {
        let class = match status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        };
        self.requests.with_label_values(&[class]).inc();
        self.request_duration.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, reason: Reason) {
        self.refusals.with_label_values(&[reason.label()]).inc();
    }

    pub(crate) fn jwt_refused(&self, error: JwtError) {
        self.jwt_refusals.with_label_values(&[error.reason()]).inc();
    }

    pub(crate) fn created(&self, channel: &'static str) {
        self.sessions.created.with_label_values(&[channel]).inc();
    }

    /// A session came to an end that we wrote down, so long after its creation and after the page's hint.
    pub(crate) fn settled(
        &self,
        channel: &'static str,
        state: SessionState,
        [created, linked]: [Option<Duration>; 2],
    ) {
        let labels = [channel, state.as_str()];
        self.sessions.settled.with_label_values(&labels).inc();
        if state == SessionState::Verified {
            let since_created = created.map(|after| after.as_secs_f64());
            since_created.inspect(|after| self.sessions.created_to_verified.observe(*after));
            let since_linked = linked.map(|after| after.as_secs_f64());
            since_linked.inspect(|after| self.sessions.linked_to_verified.observe(*after));
        }
    }

    pub(crate) fn minted(&self) {
        self.sessions.tokens.inc();
    }

    pub(crate) fn stackone_answered(&self, project: &str, operation: Operation, outcome: &str) {
        let labels = [project, operation.label(), outcome];
        self.stackone.with_label_values(&labels).inc();
    }

    pub(crate) fn looked(&self, outcome: LookOutcome) {
        self.looks.with_label_values(&[<&str>::from(outcome)]).inc();
    }

    pub(crate) fn noted(&self, what: Notable) {
        self.notable.with_label_values(&[<&str>::from(what)]).inc();
    }

    pub(crate) fn unreadable(&self, topic: Followed) {
        self.unreadable.with_label_values(&[label(topic)]).inc();
    }

    pub(crate) fn jwks_fetched(&self, issuer: &str) {
        let now = Timestamp::now().as_duration().as_secs_f64();
        self.jwks.fetched_at.with_label_values(&[issuer]).set(now);
    }

    pub(crate) fn jwks_failed(&self, issuer: &str) {
        self.jwks.failures.with_label_values(&[issuer]).inc();
    }

    pub(crate) fn reload_failed(&self) {
        self.gauges.reloads.inc();
    }

    pub(crate) fn streams(&self) -> &IntGauge {
        &self.gauges.streams
    }

    pub(crate) fn undecided_looks(&self, count: usize, oldest: Duration) {
        self.gauges.undecided_looks.set(gauge(count));
        let seconds = i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX);
        self.gauges.oldest_look.set(seconds);
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn render(
        &self,
        (sessions, accounts): (usize, usize),
    ) -> Result<String, prometheus::Error> {
        self.gauges.known_sessions.set(gauge(sessions));
        self.gauges.known_accounts.set(gauge(accounts));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.registry().gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn label(topic: Followed) -> &'static str {
    match topic {
        Followed::Facts => "link_sessions",
        Followed::States => "state",
    }
}

fn gauge(amount: usize) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

fn build_info(registry: &Registry) -> Result<(), prometheus::Error> {
    let help = opts("build_info", "1, with what was built.");
    let info = registry.register(IntGaugeVec::new(help, &["version", "revision"])?)?;
    let revision = option_env!("STACKONE_REVISION").unwrap_or("unknown");
    info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision])
        .set(1);
    Ok(())
}
