//! Record headers, typed in both directions. A client's own list of headers is filled and read one
//! name and one text at a time.

mod decode;
mod encode;
pub(crate) mod field;

use jiff::Timestamp;
use stackone_link_schemas::{CloudEvent, DeadLetterReason};

/// Content type of every record's value unless a record says otherwise.
const JSON: &str = "application/json";

/// The headers of a record, typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeaders {
    /// The attributes of the event as `ce_…` (CloudEvents 1.0, Kafka protocol binding, binary
    /// mode).
    pub event: CloudEvent,
    /// The media type of the value (`content-type`).
    pub content_type: String,
    /// The W3C trace context (`traceparent`).
    pub traceparent: Option<String>,
    /// The headers that `ingest` adds.
    pub ingest: Option<IngestHeaders>,
    /// `stackone_reason`: why the record is on the unrecognized topic. Open: others may be added.
    pub unrecognized_reason: Option<String>,
    /// The headers that a dead letter adds.
    pub dead_letter: Option<DeadLetterHeaders>,
    /// The headers that a redrive adds.
    pub redrive: Option<RedriveHeaders>,
}

/// The headers that `ingest` adds to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestHeaders {
    /// `stackone_source`: the configured source whose secret matched.
    pub source: String,
    /// `stackone_received_at`: when the webhook had been read and verified.
    pub received_at: Timestamp,
}

/// The headers that a dead letter adds to those of the original record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterHeaders {
    /// `stackone_dead_letter_reason`: why the record was put aside.
    pub reason: DeadLetterReason,
    /// `stackone_dead_letter_detail`: one line for a person, without data of the record.
    pub detail: String,
    /// `stackone_dead_letter_attempts`: how many lookups were made.
    pub attempts: u32,
    /// `stackone_dead_letter_topic`: where the record came from.
    pub topic: String,
    /// `stackone_dead_letter_partition`: the partition that the record came from.
    pub partition: i32,
    /// `stackone_dead_letter_offset`: its offset in that partition.
    pub offset: i64,
    /// `stackone_dead_letter_first_seen`: when a processor consumed it first.
    pub first_seen: Timestamp,
    /// `stackone_dead_letter_last_seen`: when a processor put it aside.
    pub last_seen: Timestamp,
    /// `stackone_dead_letter_value_expired`: the source topic no longer had the record, so the
    /// value is empty.
    pub value_expired: bool,
}

/// The headers that a redrive adds to a record that it puts back. A dead letter of that record
/// keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveHeaders {
    /// `stackone_redrives`: how often the record was put back.
    pub redrives: u32,
    /// `stackone_redrive_first_seen`: when it was first consumed, long before it was put back.
    pub first_seen: Timestamp,
}

/// Why headers cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A header that every record has is absent.
    #[error("header {0} is absent")]
    Absent(&'static str),
    /// A header's value is not of its type.
    #[error("header {0} is not readable")]
    Unreadable(&'static str),
}

impl RecordHeaders {
    /// Makes the headers of a JSON value that has only the attributes of its event.
    #[must_use]
    pub fn of(event: CloudEvent) -> Self {
        Self {
            event,
            content_type: JSON.to_owned(),
            traceparent: None,
            ingest: None,
            unrecognized_reason: None,
            dead_letter: None,
            redrive: None,
        }
    }
}

#[cfg(test)]
mod tests;
