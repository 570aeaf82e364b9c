//! The path of a webhook once it is known to be authentic, and what all requests share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use stackone_link_process::spans::Spans;
use stackone_link_transport::StartError;
use stackone_link_wire::{IngestHeaders, OutgoingRecord, RecordHeaders, Topic, Topics};
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

use crate::body::BodyLimits;
use crate::config::{Config, RecordEvents, Settings};
use crate::error::Refusal;
use crate::limits::{Limits, Share};
use crate::log_limit::{LogLimit, log_limit};
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::producer::Producer;
use crate::readiness::Readiness;
use crate::routing::{cloud_event, route};
use crate::source::{Source, Sources};
use crate::verified_webhook::VerifiedWebhook;
use stackone_link_schemas::webhook::Envelope;

/// `content-type` of a body that is not JSON.
const OPAQUE: &str = "application/octet-stream";

/// What all requests share.
pub(crate) struct Ingest {
    /// Swapped as a whole when secrets change; whoever holds a source goes on with it.
    pub(crate) sources: ArcSwap<Sources>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) producer: Producer,
    topics: Topics,
    /// A record could not be published for its topic; told to the check that asks for topics.
    pub(crate) topics_in_doubt: Notify,
    /// The topics were found, or a record was too large for its own; told to who looks at what they take.
    pub(crate) sizes_in_doubt: Notify,
    record_events: RecordEvents,
    ack_deadline: Duration,
    /// Limits the log lines of refusals.
    pub(crate) log_limit: LogLimit,
    /// Whether who signs may say which trace a webhook belongs to.
    pub(crate) trust_traceparent: bool,
    /// Where what was done for a webhook is told.
    pub(crate) spans: Spans,
    max_body_bytes: usize,
    body_deadline: Duration,
}

/// An accepted webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) outcome: Outcome,
    pub(crate) id: Uuid,
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
            .for_each(|source| metrics.source_is_served(source));
        Ok(Self {
            sources: ArcSwap::from_pointee(config.sources.clone()),
            limits: Limits::new(limits),
            metrics,
            readiness: Readiness::default(),
            producer: Producer::new(
                &config.settings.producer(),
                publish.ack_deadline,
                publish.linger,
            )?,
            topics: topics.clone(),
            topics_in_doubt: Notify::new(),
            sizes_in_doubt: Notify::new(),
            record_events: publish.record_events,
            ack_deadline: publish.ack_deadline,
            log_limit: log_limit(),
            trust_traceparent: telemetry.trust_traceparent,
            spans: Spans::to(telemetry.otlp_endpoint.as_deref(), env!("CARGO_PKG_NAME")),
            max_body_bytes: limits.max_body_bytes,
            body_deadline: server.body_deadline,
        })
    }

    /// Puts a webhook where it belongs. Returns once the broker has acknowledged it.
    pub(crate) async fn accept(&self, webhook: &VerifiedWebhook) -> Result<Accepted, Refusal> {
        let envelope = Envelope::parse(webhook.body());
        let project_id = webhook.source().project_id();
        let route = route(&envelope, project_id, self.record_events);
        if let Some(topic) = route.topic {
            let mut headers = RecordHeaders::of(cloud_event(&envelope, project_id));
            if !envelope.is_object {
                OPAQUE.clone_into(&mut headers.content_type);
            }
            if topic == Topic::Unrecognized {
                headers.unrecognized_reason = Some(route.outcome.reason().to_owned());
            }
            headers.traceparent = Some(webhook.trace().to_string());
            headers.ingest = Some(IngestHeaders {
                source: webhook.source().name().to_owned(),
                received_at: webhook.received_at(),
            });
            let record = OutgoingRecord {
                topic: self.topics.name(topic),
                key: route.key,
                value: webhook.body(),
                headers,
            };
            self.publish(&record, route.outcome).await?;
        }
        let age = envelope
            .sent_at
            .map(|sent| webhook.received_at().duration_since(sent));
        self.metrics.accepted(webhook.source().name(), age);
        Ok(Accepted {
            outcome: route.outcome,
            id: envelope.id,
        })
    }

    async fn publish(&self, record: &OutgoingRecord<'_>, stored: Outcome) -> Result<(), Refusal> {
        let started = Instant::now();
        let refusal = match timeout(self.ack_deadline, self.producer.publish(record)).await {
            Ok(Ok(_stored)) => None,
            Ok(Err(error)) => Some(Refusal::from(error)),
            Err(_elapsed) => Some(Refusal::from(Outcome::NotAcknowledged)),
        };
        let outcome = refusal.as_ref().map_or(stored, Refusal::outcome);
        self.metrics.published(outcome, started.elapsed());
        if outcome == Outcome::TopicUnavailable {
            self.topics_in_doubt.notify_one();
        }
        if outcome == Outcome::TooLargeForBroker {
            self.sizes_in_doubt.notify_one();
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The source of this name as it is now.
    pub(crate) fn source(&self, name: &str) -> Option<Arc<Source>> {
        self.sources.load().get(name).cloned()
    }

    /// A share for one authentic webhook with a body of `bytes`.
    pub(crate) fn admit(&self, bytes: usize) -> Option<[Share; 2]> {
        let stage = &self.limits.after_authentication;
        Some([stage.requests.take(1)?, stage.body_bytes.take(bytes)?])
    }

    /// Within what an unauthenticated body has to stay.
    pub(crate) fn body_limits(&self) -> BodyLimits<'_> {
        BodyLimits {
            max_bytes: self.max_body_bytes,
            deadline: self.body_deadline,
            shared: &self.limits,
        }
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
    pub(crate) fn missing_topics(&self, timeout: Duration) -> Result<Vec<String>, String> {
        self.producer.missing_topics(&self.needed_topics(), timeout)
    }
}
