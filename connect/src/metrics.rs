//! Metrics, in a registry of their own, so that one process can hold several services. Values of
//! labels come from enums and from validated configuration, and never from a request.

mod families;
mod words;
mod zero;

use std::time::Duration;

use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Encoder as _, IntCounterVec, IntGauge, IntGaugeVec, TextEncoder};
use stackone_link_process::metrics::{Description, Metrics as Registry};
use stackone_link_process::stderr;
use stackone_link_transport::{register_client_renewals, register_credential_failures};

use crate::followed::Followed;
use crate::jwt::JwtError;
use crate::problem::Reason;
use crate::session::SessionState;
use families::{Gauges, Jwks, Listeners, Make, Requests, Sessions, opts};

pub(crate) use words::{LookOutcome, Notable, Operation};

/// Counts log lines that the process could not write.
const LOG_LINES_LOST: &str = "stackone_connect_log_lines_lost_total";
/// Counts credentials and certificates of Kafka that could not be read, fetched or used.
const CREDENTIAL_FAILURES: &str = "stackone_connect_kafka_credential_failures_total";
/// Counts how often Kafka clients were made anew for new certificates.
const CLIENT_RENEWALS: &str = "stackone_connect_kafka_client_renewals_total";

/// The metrics of one service.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    listeners: Listeners,
    sessions: Sessions,
    stackone: IntCounterVec,
    looks: IntCounterVec,
    notable: IntCounterVec,
    unreadable: IntCounterVec,
    jwks: Jwks,
    gauges: Gauges,
}

/// Lists every metric of the service: the names that alerts and dashboards may use.
///
/// # Errors
///
/// Fails where two metrics have one name.
pub fn catalogue() -> Result<Vec<Description>, prometheus::Error> {
    Ok(Metrics::new()?.registry.descriptions())
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new(None)?;
        registry.register_all(ProcessCollector::for_self())?;
        build_info(&registry)?;
        stderr::register_lines_lost(&registry, LOG_LINES_LOST)?;
        register_credential_failures(&registry, CREDENTIAL_FAILURES)?;
        register_client_renewals(&registry, CLIENT_RENEWALS)?;
        let make = Make(&registry);
        let metrics = Self {
            requests: Requests::new(&make)?,
            listeners: Listeners::new(&registry)?,
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

    pub(crate) fn answered(&self, status: u16, took: Duration) {
        let class = match status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        };
        self.requests.answered.with_label_values(&[class]).inc();
        self.requests.duration.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, reason: Reason) {
        let refusals = &self.requests.refusals;
        refusals.with_label_values(&[reason.label()]).inc();
    }

    pub(crate) fn jwt_refused(&self, error: JwtError) {
        let refusals = &self.requests.jwt_refusals;
        refusals.with_label_values(&[error.reason()]).inc();
    }

    pub(crate) fn created(&self, channel: &'static str) {
        self.sessions.created.with_label_values(&[channel]).inc();
    }

    /// Counts an end of a session that this replica wrote down, and the times since its creation
    /// and since its hint.
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
        self.unreadable.with_label_values(&[topic.label()]).inc();
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

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    pub(crate) fn streams(&self) -> &IntGauge {
        &self.gauges.streams
    }

    pub(crate) fn undecided_looks(&self, count: usize, oldest: Duration) {
        self.gauges.undecided_looks.set(gauge(count));
        let seconds = i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX);
        self.gauges.oldest_look.set(seconds);
    }

    /// Renders all metrics in the text format of Prometheus.
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
