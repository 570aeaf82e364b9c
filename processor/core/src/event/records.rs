//! The records a transaction writes: events, states, dead letters. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountId, AccountLifecycleEvent, AccountState, CloudEvent, LIFECYCLE_DATASCHEMA,
    LifecycleType, STATE_DATASCHEMA, STATE_TYPE, UNRECOGNIZED_TYPE, event_id_of_body,
    source_of_project,
};
use stackone_link_wire::{DeadLetterHeaders, RecordHeaders, Topic, Topics, TraceContext};

use crate::event::intake::Consumed;
use crate::planted::{Fault, planted};

/// A record of a transaction.
#[derive(Debug, Clone)]
pub struct TransactionRecord {
    /// Topic.
    pub topic: String,
    /// Partition, where it must not be left to the partitioner.
    pub partition: Option<i32>,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: RecordHeaders,
}

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The records, in order.
    pub records: Vec<TransactionRecord>,
    /// The offset to commit for each partition that is touched. Never empty: without it the broker checks no generation.
    pub offsets: Vec<(i32, i64)>,
}

/// A transition, for the lifecycle topic and, if it is a link, for the linked topic.
///
/// # Errors
///
/// Never for what the decision table makes; the signature is serde's.
pub fn lifecycle(
    topics: &Topics,
    event: &AccountLifecycleEvent,
    trace: TraceContext,
) -> Result<Vec<TransactionRecord>, serde_json::Error> {
    let value = serde_json::to_vec(event)?;
    let headers = traced(
        trace,
        CloudEvent {
            id: event.id,
            event_type: event.event_type.to_string(),
            source: source_of_project(event.project_id.as_deref()),
            subject: Some(event.account_id.to_string()),
            time: Some(event.confirmed_at),
            dataschema: Some(LIFECYCLE_DATASCHEMA.to_owned()),
        },
    );
    let is_link = event.event_type == LifecycleType::Linked && !planted(Fault::LinkedNotWritten);
    let linked = is_link.then_some(Topic::Linked);
    let destinations = std::iter::once(Topic::Lifecycle).chain(linked);
    Ok(destinations
        .map(|topic| TransactionRecord {
            topic: topics.name(topic).to_owned(),
            partition: None,
            key: Some(event.account_id.as_str().into()),
            value: Some(value.clone()),
            headers: headers.clone(),
        })
        .collect())
}

/// A state, or the tombstone of one, in the partition its triggers come from.
///
/// # Errors
///
/// Never for an [`AccountState`]; the signature is serde's.
pub fn state(
    topics: &Topics,
    partition: i32,
    id: &AccountId,
    state: Option<&AccountState>,
    now: Timestamp,
    trace: TraceContext,
) -> Result<TransactionRecord, serde_json::Error> {
    let value = state.map(serde_json::to_vec).transpose()?;
    let project = state.and_then(|state| state.project_id.as_deref());
    let headers = traced(
        trace,
        CloudEvent {
            id: event_id_of_body(value.as_deref().unwrap_or(id.as_str().as_bytes())),
            event_type: STATE_TYPE.to_owned(),
            source: source_of_project(project),
            subject: Some(id.to_string()),
            time: Some(now),
            dataschema: value.is_some().then(|| STATE_DATASCHEMA.to_owned()),
        },
    );
    Ok(TransactionRecord {
        topic: topics.name(Topic::State).to_owned(),
        partition: Some(partition),
        key: Some(id.as_str().into()),
        value,
        headers,
    })
}

/// Headers of a record that `trace` led to.
fn traced(trace: TraceContext, event: CloudEvent) -> RecordHeaders {
    RecordHeaders {
        traceparent: Some(trace.to_string()),
        ..RecordHeaders::of(event)
    }
}

/// A record put aside: its own key, bytes and headers, and why. One that was redriven was first seen long before.
#[must_use]
pub fn dead_letter(
    topics: &Topics,
    original: &Consumed,
    why: DeadLetterHeaders,
) -> TransactionRecord {
    let mut headers = original
        .headers
        .clone()
        .unwrap_or_else(|| headers_of_unlabelled(original));
    let first_seen = headers.redrive.as_ref().map(|redrive| redrive.first_seen);
    headers.dead_letter = Some(DeadLetterHeaders {
        first_seen: first_seen.unwrap_or(why.first_seen),
        ..why
    });
    TransactionRecord {
        topic: topics.name(Topic::DeadLetter).to_owned(),
        partition: None,
        key: original.key.clone(),
        value: Some(original.value.clone()),
        headers,
    }
}

/// Headers for a record that has none we can read.
fn headers_of_unlabelled(original: &Consumed) -> RecordHeaders {
    let event = CloudEvent {
        id: event_id_of_body(&original.value),
        event_type: UNRECOGNIZED_TYPE.to_owned(),
        source: source_of_project(None),
        subject: original
            .key
            .as_deref()
            .and_then(|key| std::str::from_utf8(key).ok())
            .map(str::to_owned),
        time: Timestamp::from_millisecond(original.timestamp_ms).ok(),
        dataschema: None,
    };
    RecordHeaders {
        content_type: "application/octet-stream".to_owned(),
        ..RecordHeaders::of(event)
    }
}
