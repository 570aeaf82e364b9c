//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use stackone_link_process::spans::Spans;
use stackone_link_transport::{AskError, StartError};
use stackone_link_wire::{Topic, Topics};
use tokio::sync::Notify;

use crate::answer::log_limit::{LogLimit, log_limit};
use crate::auth::source::{Source, Sources};
use crate::body::limits::Limits;
use crate::config::{Config, RecordEvents, Settings};
use crate::metrics::Metrics;
use crate::producer::Producer;
use crate::readiness::Readiness;

/// What all requests share.
pub(crate) struct Ingest {
    /// Swapped as a whole when secrets change; whoever holds a source goes on with it.
    pub(crate) sources: ArcSwap<Sources>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) producer: Producer,
    pub(crate) topics: Topics,
    pub(crate) doubts: Doubts,
    pub(crate) record_events: RecordEvents,
    pub(crate) ack_deadline: Duration,
    /// Limits the log lines of refusals.
    pub(crate) log_limit: LogLimit,
    /// Whether who signs may say which trace a webhook belongs to.
    pub(crate) trust_traceparent: bool,
    /// Where the spans of webhooks go.
    pub(crate) spans: Spans,
}

/// Wakes background checks when a request met what they look for.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// A record could not be published for its topic; told to the check that asks for topics.
    pub(crate) topics: Notify,
    /// The topics were found, or a record was too large for its own; told to who looks at what they
    /// take.
    pub(crate) sizes: Notify,
}

impl Ingest {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Result<Self, StartError> {
        let Settings {
            server,
            limits,
            publish,
            topics,
            telemetry,
            ..
        } = &config.settings;
        config
            .sources
            .all()
            .for_each(|source| metrics.source_is_served(source.name(), source.secrets()));
        Ok(Self {
            sources: ArcSwap::from_pointee(config.sources.clone()),
            limits: Limits::new(limits, server.body_deadline),
            metrics,
            readiness: Readiness::default(),
            producer: Producer::new(
                config.settings.producer(),
                publish.ack_deadline,
                publish.linger,
            )?,
            topics: topics.clone(),
            doubts: Doubts::default(),
            record_events: publish.record_events,
            ack_deadline: publish.ack_deadline,
            log_limit: log_limit(),
            trust_traceparent: telemetry.trust_traceparent,
            spans: Spans::to(telemetry.otlp_endpoint.as_deref(), env!("CARGO_PKG_NAME")),
        })
    }

    /// The source of this name as it is now.
    pub(crate) fn source(&self, name: &str) -> Option<Arc<Source>> {
        self.sources.load().get(name).cloned()
    }

    /// The topics we publish to.
    pub(crate) fn needed_topics(&self) -> Vec<&str> {
        let drops_records = self.record_events == RecordEvents::Drop;
        let needed = Topic::OF_INGEST
            .into_iter()
            .filter(|topic| !(drops_records && *topic == Topic::RecordEvents));
        needed.map(|topic| self.topics.name(topic)).collect()
    }

    /// Asks Kafka which of them are missing. Blocks for up to `timeout`.
    pub(crate) fn missing_topics(&self, timeout: Duration) -> Result<Vec<String>, AskError> {
        self.producer.missing_topics(&self.needed_topics(), timeout)
    }
}
