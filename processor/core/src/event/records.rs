//! Builds the records that a transaction writes: events, states and dead letters. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountId, AccountLifecycleEvent, AccountState, CloudEvent, LIFECYCLE_DATASCHEMA,
    LifecycleType, STATE_DATASCHEMA, STATE_TYPE, UNRECOGNIZED_TYPE, event_id_of_body,
    source_of_project,
};
use stackone_link_wire::{DeadLetterHeaders, RecordHeaders, Topic, Topics, TraceContext};

use crate::event::intake::Consumed;
use crate::planted::{Fault, planted};

/// A record of a transaction, before it is produced.
#[derive(Debug, Clone)]
pub struct TransactionRecord {
    /// The name of the topic.
    pub topic: String,
    /// The partition; `None` leaves it to the partitioner.
    pub partition: Option<i32>,
    /// The key, which decides the partition where none is given.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The CloudEvent and trace headers.
    pub headers: RecordHeaders,
}

/// The records and offsets of one transaction.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The records, in order.
    pub records: Vec<TransactionRecord>,
    /// The offset to commit for each partition that is touched. Never empty: without offsets the
    /// broker checks no generation.
    pub offsets: Vec<(i32, i64)>,
}

/// Adds an event to the lifecycle topic and, if the account was linked, to the linked topic.
///
/// # Errors
///
/// Never fails for events of the decision table; the signature is serde's.
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

/// Adds a state, or its tombstone, in the partition of the account's triggers.
///
/// # Errors
///
/// Never fails for an [`AccountState`]; the signature is serde's.
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

/// Returns the headers of a record in the trace `trace`.
fn traced(trace: TraceContext, event: CloudEvent) -> RecordHeaders {
    RecordHeaders {
        traceparent: Some(trace.to_string()),
        ..RecordHeaders::of(event)
    }
}

/// Adds a dead letter: the record's own key, bytes and headers, and the reason. A record that was
/// redriven keeps the date at which it was first seen.
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

/// Returns headers for a record whose own cannot be read.
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
