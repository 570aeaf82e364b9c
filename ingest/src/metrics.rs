//! Metrics, in a registry of their own, so that several services can live in one process.
//!
//! Labels come from [`Outcome`] and from validated configuration, else `unknown`; never from a request.

mod by_outcome;
mod catalogue;
mod panics;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    TextEncoder,
};
use stackone_link_process::metrics::{Description, Metrics as Registry};
use stackone_link_process::stderr;

use by_outcome::ByOutcome;
use catalogue::{
    connections_failed, connections_open, connections_refused, delivery_age, in_flight_body_bytes,
    in_flight_requests, last_accepted, last_ack, opts, panics_total, producer_linger,
    producer_queue, producer_rebuilds, publish_duration, request_duration, secret_matches,
    secret_reload_failures, tls_certificate_expiry, tls_handshake_failures, tls_reload_failures,
    webhooks,
};

use crate::limits::InFlight;
use crate::listeners::ConnectionFailure;
use crate::outcome::Outcome;
use crate::source::Source;
use crate::tls::HandshakeError;

/// Lines that the process could not write.
const LOG_LINES_LOST: &str = "stackone_ingest_log_lines_lost_total";

/// The metrics of one service.
pub(crate) struct Metrics {
    registry: Registry,
    webhooks: IntCounterVec,
    request_duration: ByOutcome,
    publish_duration: ByOutcome,
    in_flight_requests: IntGauge,
    in_flight_body_bytes: IntGauge,
    delivery_age: Histogram,
    last_accepted: GaugeVec,
    last_ack: Gauge,
    secret_matches: IntCounterVec,
    secret_reload_failures: IntCounterVec,
    producer_queue: IntGauge,
    producer_linger: Gauge,
    producer_rebuilds: IntCounter,
    connections_open: IntGauge,
    connections_refused: IntCounter,
    connections_failed: IntCounterVec,
    panics: IntCounter,
    tls_handshake_failures: IntCounterVec,
    tls_reload_failures: IntCounter,
    tls_certificate_expiry: GaugeVec,
}

/// Every metric of the service, those of the process included: what alerts and dashboards may name.
///
/// # Errors
///
/// Where two have one name.
pub fn catalogue() -> Result<Vec<Description>, prometheus::Error> {
    Ok(Metrics::new()?.registry.descriptions())
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new(None)?;
        registry.register_all(ProcessCollector::for_self())?;
        build_info(&registry)?;
        stderr::register_lines_lost(&registry, LOG_LINES_LOST)?;
        Ok(Self {
            webhooks: registry.register(webhooks()?)?,
            request_duration: ByOutcome::of(registry.register(request_duration()?)?),
            publish_duration: ByOutcome::of(registry.register(publish_duration()?)?),
            in_flight_requests: registry.register(in_flight_requests()?)?,
            in_flight_body_bytes: registry.register(in_flight_body_bytes()?)?,
            delivery_age: registry.register(delivery_age()?)?,
            last_accepted: registry.register(last_accepted()?)?,
            last_ack: registry.register(last_ack()?)?,
            secret_matches: registry.register(secret_matches()?)?,
            secret_reload_failures: registry.register(secret_reload_failures()?)?,
            producer_queue: registry.register(producer_queue()?)?,
            producer_linger: registry.register(producer_linger()?)?,
            connections_open: registry.register(connections_open()?)?,
            connections_refused: registry.register(connections_refused()?)?,
            connections_failed: registry.register(of_every_reason(connections_failed()?))?,
            panics: registry.register(panics_total()?)?,
            producer_rebuilds: registry.register(producer_rebuilds()?)?,
            tls_handshake_failures: registry.register(tls_handshake_failures()?)?,
            tls_reload_failures: registry.register(tls_reload_failures()?)?,
            tls_certificate_expiry: registry.register(tls_certificate_expiry()?)?,
            registry,
        })
    }

    /// A source is served from now on. Its counters begin at 0: a rate does not see a series that begins at 1.
    pub(crate) fn source_is_served(&self, source: &Source) {
        for secret in source.secrets() {
            let labels = [source.name(), secret];
            self.secret_matches.with_label_values(&labels).inc_by(0);
        }
        let source = source.name();
        for outcome in Outcome::ALL {
            let labels = [source, outcome.reason()];
            self.webhooks.with_label_values(&labels).inc_by(0);
        }
        let failures = self.secret_reload_failures.with_label_values(&[source]);
        failures.inc_by(0);
    }

    /// A request was answered, or given up. `source` is the name of a configured source, if any.
    pub(crate) fn answered(&self, source: Option<&str>, outcome: Outcome, took: Duration) {
        let (source, reason) = (source.unwrap_or("unknown"), outcome.reason());
        self.webhooks.with_label_values(&[source, reason]).inc();
        self.request_duration.observe(outcome, took);
    }

    /// A webhook was signed with this secret.
    pub(crate) fn secret_matched(&self, source: &str, secret: &str) {
        self.secret_matches
            .with_label_values(&[source, secret])
            .inc();
    }

    /// A secret of this source, or the list of sources, could not be read again.
    pub(crate) fn secret_reload_failed(&self, source: Option<&str>) {
        let source = source.unwrap_or("unknown");
        let failures = self.secret_reload_failures.with_label_values(&[source]);
        failures.inc();
    }

    /// A peer had too many connections.
    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Connections that are open now.
    pub(crate) fn connections_open(&self) -> IntGauge {
        self.connections_open.clone()
    }

    /// A connection ended otherwise than by being closed.
    pub(crate) fn connection_failed(&self, failure: ConnectionFailure) {
        let failures = &self.connections_failed;
        failures.with_label_values(&[failure.reason()]).inc();
    }

    /// A connection came to no TLS.
    pub(crate) fn tls_handshake_failed(&self, error: &HandshakeError) {
        let failures = &self.tls_handshake_failures;
        failures.with_label_values(&[error.reason()]).inc();
    }

    /// The certificate or its key could not be read again.
    pub(crate) fn tls_reload_failed(&self) {
        self.tls_reload_failures.inc();
    }

    /// The certificate in force is valid until then, in seconds since the epoch.
    pub(crate) fn tls_certificate_expires(&self, at: f64) {
        let none: [&str; 0] = [];
        self.tls_certificate_expiry.with_label_values(&none).set(at);
    }

    /// The producer is being rebuilt.
    pub(crate) fn producer_rebuilt(&self) {
        self.producer_rebuilds.inc();
    }

    /// It is known what became of a record.
    pub(crate) fn published(&self, outcome: Outcome, took: Duration) {
        self.publish_duration.observe(outcome, took);
        if outcome.status().is_success() {
            self.last_ack.set(now());
        }
    }

    /// A webhook was accepted, `age` after it was sent.
    pub(crate) fn accepted(&self, source: &str, age: Option<SignedDuration>) {
        self.last_accepted.with_label_values(&[source]).set(now());
        if let Some(age) = age {
            self.delivery_age.observe(age.as_secs_f64().max(0.0));
        }
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn render(
        &self,
        held: InFlight,
        queued: usize,
        linger: Duration,
    ) -> Result<String, prometheus::Error> {
        let gauge = |amount| i64::try_from(amount).unwrap_or(i64::MAX);
        self.in_flight_requests.set(gauge(held.requests));
        self.in_flight_body_bytes.set(gauge(held.body_bytes));
        self.producer_queue.set(gauge(queued));
        self.producer_linger.set(linger.as_secs_f64());
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.registry().gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// Counters begin at 0: a rate does not see a series that begins at 1.
fn of_every_reason(failures: IntCounterVec) -> IntCounterVec {
    for failure in ConnectionFailure::ALL {
        failures.with_label_values(&[failure.reason()]).inc_by(0);
    }
    failures
}

fn build_info(registry: &Registry) -> Result<(), prometheus::Error> {
    let help = opts("build_info", "1, with what was built.");
    let info = registry.register(IntGaugeVec::new(help, &["version", "revision"])?)?;
    let revision = option_env!("STACKONE_REVISION").unwrap_or("unknown");
    let labels = [env!("CARGO_PKG_VERSION"), revision];
    info.with_label_values(&labels).set(1);
    Ok(())
}

fn now() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::Config;

    #[test]
    fn two_services_in_one_process_count_apart() {
        let (one, two) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.answered(Some("default"), Outcome::Stored, Duration::from_millis(3));
        two.answered(None, Outcome::UnknownSource, Duration::from_millis(3));
        let held = InFlight {
            requests: 2,
            body_bytes: 3,
        };
        let text = one.render(held, 4, Duration::from_millis(1)).unwrap();
        for line in [
            "stackone_ingest_webhooks_total{outcome=\"stored\",source=\"default\"} 1",
            "stackone_ingest_in_flight_requests 2",
            "stackone_ingest_in_flight_body_bytes 3",
            "stackone_ingest_producer_queue_messages 4",
            "stackone_ingest_producer_linger_seconds 0.001",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(text.contains("process_") && text.contains("stackone_ingest_build_info{"));
        assert!(
            two.render(held, 0, Duration::ZERO)
                .unwrap()
                .contains("source=\"unknown\"} 1")
        );
    }

    #[test]
    fn the_first_of_its_kind_raises_a_counter_from_0_to_1() {
        let metrics = Metrics::new().unwrap();
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "s".to_owned());
        let config = Config::load(None, &HashMap::from([secret])).unwrap();
        config
            .sources
            .all()
            .for_each(|source| metrics.source_is_served(source));
        let page = || {
            let held = InFlight {
                requests: 0,
                body_bytes: 0,
            };
            metrics.render(held, 0, Duration::ZERO).unwrap()
        };
        let of = |outcome: Outcome| {
            let outcome = outcome.reason();
            format!("stackone_ingest_webhooks_total{{outcome=\"{outcome}\",source=\"default\"}}")
        };
        let matches =
            "stackone_ingest_secret_matches_total{secret=\"default\",source=\"default\"} 0";
        assert!(page().contains(matches), "{}", page());
        for failure in ConnectionFailure::ALL {
            let reason = format!(
                "connections_failed_total{{reason=\"{}\"}} 0",
                failure.reason()
            );
            assert!(page().contains(&reason), "{reason}");
        }
        for outcome in Outcome::ALL {
            assert!(page().contains(&format!("{} 0\n", of(outcome))));
        }
        let (queue_full, took) = (Outcome::QueueFull, Duration::ZERO);
        metrics.answered(Some("default"), queue_full, took);
        assert!(page().contains(&format!("{} 1\n", of(queue_full))));
    }
}
