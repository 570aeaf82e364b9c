//! What becomes of an authentic webhook: it is put where it belongs, and then accepted.

pub mod routing;

use std::time::Instant;

use stackone_link_schemas::webhook::Envelope;
use stackone_link_wire::{IngestHeaders, OutgoingRecord, RecordHeaders, Topic};
use tokio::time::timeout;
use uuid::Uuid;

use crate::answer::Refusal;
use crate::answer::outcome::Outcome;
use crate::auth::verified_webhook::VerifiedWebhook;
use crate::ingest::Ingest;
use routing::{Route, cloud_event, route};

/// `content-type` of a body that is not JSON.
const OPAQUE: &str = "application/octet-stream";

/// A webhook that the broker has acknowledged, or that the settings have dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) outcome: Outcome,
    pub(crate) id: Uuid,
}

/// Puts a webhook where it belongs. Returns once the broker has acknowledged it.
pub(crate) async fn accept(
    ingest: &Ingest,
    webhook: &VerifiedWebhook,
) -> Result<Accepted, Refusal> {
    let envelope = Envelope::parse(webhook.body());
    let project_id = webhook.source().project_id();
    let route = route(&envelope, project_id, ingest.record_events);
    if let Some(topic) = route.topic {
        let record = OutgoingRecord {
            topic: ingest.topics.name(topic),
            key: route.key,
            value: webhook.body(),
            headers: headers(&envelope, &route, webhook),
        };
        publish(ingest, &record, route.outcome).await?;
    }
    let age = envelope
        .sent_at
        .map(|sent| webhook.received_at().duration_since(sent));
    let metrics = &ingest.metrics.webhooks;
    metrics.accepted(webhook.source().name(), age);
    Ok(Accepted {
        outcome: route.outcome,
        id: envelope.id,
    })
}

fn headers(envelope: &Envelope<'_>, route: &Route<'_>, webhook: &VerifiedWebhook) -> RecordHeaders {
    let source = webhook.source();
    let mut headers = RecordHeaders::of(cloud_event(envelope, source.project_id()));
    if !envelope.is_object {
        OPAQUE.clone_into(&mut headers.content_type);
    }
    if route.topic == Some(Topic::Unrecognized) {
        headers.unrecognized_reason = Some(route.outcome.reason().to_owned());
    }
    headers.traceparent = Some(webhook.trace().to_string());
    headers.ingest = Some(IngestHeaders {
        source: source.name().to_owned(),
        received_at: webhook.received_at(),
    });
    headers
}

/// Waits for the broker's word, and says where it puts topics in doubt.
async fn publish(
    ingest: &Ingest,
    record: &OutgoingRecord<'_>,
    stored: Outcome,
) -> Result<(), Refusal> {
    let started = Instant::now();
    let refusal = match timeout(ingest.ack_deadline, ingest.producer.publish(record)).await {
        Ok(Ok(_stored)) => None,
        Ok(Err(error)) => Some(Refusal::from(error)),
        Err(_elapsed) => Some(Refusal::from(Outcome::NotAcknowledged)),
    };
    let outcome = refusal.as_ref().map_or(stored, Refusal::outcome);
    let metrics = &ingest.metrics.publishing;
    metrics.published(outcome, started.elapsed());
    if outcome == Outcome::TopicUnavailable {
        ingest.doubts.topics.notify_one();
    }
    if outcome == Outcome::TooLargeForBroker {
        ingest.doubts.sizes.notify_one();
    }
    refusal.map_or(Ok(()), Err)
}
