//! Metrics, in a registry of their own, so that several services can live in one process.
//!
//! Labels come from [`crate::answer::outcome::Outcome`] and from validated configuration, else
//! `unknown`; never from a request.

mod by_outcome;
mod clock;
mod opts;
mod publishing;
mod reloads;
mod webhooks;

use prometheus::process_collector::ProcessCollector;
use prometheus::{Encoder, IntGaugeVec, TextEncoder};
use stackone_link_listeners::ConnectionMetrics;
use stackone_link_process::metrics::{Description, Metrics as Registry};
use stackone_link_process::stderr;
use stackone_link_transport::{register_client_renewals, register_credential_failures};

use crate::body::limits::InFlight;
use opts::{SERVICE, opts};
use publishing::PublishMetrics;
use reloads::ReloadMetrics;
use webhooks::WebhookMetrics;

/// Lines that the process could not write.
const LOG_LINES_LOST: &str = "stackone_ingest_log_lines_lost_total";
/// What Kafka wants to see of us and could not be read or fetched.
const CREDENTIAL_FAILURES: &str = "stackone_ingest_kafka_credential_failures_total";
/// How often its clients were made anew for new certificates.
const CLIENT_RENEWALS: &str = "stackone_ingest_kafka_client_renewals_total";

/// The metrics of one service, by subject.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) webhooks: WebhookMetrics,
    pub(crate) publishing: PublishMetrics,
    pub(crate) connections: ConnectionMetrics,
    pub(crate) reloads: ReloadMetrics,
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
        register_credential_failures(&registry, CREDENTIAL_FAILURES)?;
        register_client_renewals(&registry, CLIENT_RENEWALS)?;
        Ok(Self {
            webhooks: WebhookMetrics::new(&registry)?,
            publishing: PublishMetrics::new(&registry)?,
            connections: ConnectionMetrics::new(&registry, SERVICE)?,
            reloads: ReloadMetrics::new(&registry)?,
            registry,
        })
    }

    /// A source is served from now on.
    pub(crate) fn source_is_served<'s>(
        &self,
        source: &str,
        secrets: impl Iterator<Item = &'s str>,
    ) {
        self.webhooks.source_is_served(source, secrets);
        self.reloads.source_is_served(source);
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn render(
        &self,
        held: InFlight,
        queued: usize,
    ) -> Result<String, prometheus::Error> {
        self.webhooks.set(held);
        self.publishing.set(queued);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.registry().gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn build_info(registry: &Registry) -> Result<(), prometheus::Error> {
    let help = opts("build_info", "1, with what was built.");
    let info = registry.register(IntGaugeVec::new(help, &["version", "revision"])?)?;
    let revision = option_env!("STACKONE_REVISION").unwrap_or("unknown");
    let labels = [env!("CARGO_PKG_VERSION"), revision];
    info.with_label_values(&labels).set(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use stackone_link_listeners::ConnectionFailure;
    use strum::VariantArray as _;

    use super::*;
    use crate::answer::outcome::Outcome;
    use crate::config::Config;

    #[test]
    fn two_services_in_one_process_count_apart() {
        let (one, two) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.webhooks
            .answered(Some("default"), Outcome::Stored, Duration::from_millis(3));
        two.webhooks
            .answered(None, Outcome::UnknownSource, Duration::from_millis(3));
        let held = InFlight {
            requests: 2,
            body_bytes: 3,
        };
        let text = one.render(held, 4).unwrap();
        for line in [
            "stackone_ingest_webhooks_total{outcome=\"stored\",source=\"default\"} 1",
            "stackone_ingest_in_flight_requests 2",
            "stackone_ingest_in_flight_body_bytes 3",
            "stackone_ingest_producer_queue_messages 4",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(text.contains("process_") && text.contains("stackone_ingest_build_info{"));
        assert!(
            two.render(held, 0)
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
            .for_each(|source| metrics.source_is_served(source.name(), source.secrets()));
        let page = || {
            let held = InFlight {
                requests: 0,
                body_bytes: 0,
            };
            metrics.render(held, 0).unwrap()
        };
        let of = |outcome: Outcome| {
            let outcome = outcome.reason();
            format!("stackone_ingest_webhooks_total{{outcome=\"{outcome}\",source=\"default\"}}")
        };
        let matches =
            "stackone_ingest_secret_matches_total{secret=\"default\",source=\"default\"} 0";
        assert!(page().contains(matches), "{}", page());
        for failure in ConnectionFailure::VARIANTS {
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
        metrics.webhooks.answered(Some("default"), queue_full, took);
        assert!(page().contains(&format!("{} 1\n", of(queue_full))));
    }
}
