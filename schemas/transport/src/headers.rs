//! Record headers, typed in both directions.

pub(crate) mod field;

use jiff::Timestamp;
use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};
use stackone_link_schemas::{CloudEvent, DeadLetterReason};
use uuid::Uuid;

use field::HeaderField;

/// Content type of every record's value unless a record says otherwise.
const JSON: &str = "application/json";
/// Room for the headers of a webhook's record.
const CAPACITY: usize = 12;

/// The headers of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeaders {
    /// `ce_…`: CloudEvents 1.0, Kafka protocol binding, binary mode.
    pub event: CloudEvent,
    /// `content-type` of the value.
    pub content_type: String,
    /// `traceparent`: W3C trace context.
    pub traceparent: Option<String>,
    /// What `ingest` adds.
    pub ingest: Option<IngestHeaders>,
    /// What a dead letter adds.
    pub dead_letter: Option<DeadLetterHeaders>,
    /// What a redrive adds.
    pub redrive: Option<RedriveHeaders>,
}

/// What `ingest` adds to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestHeaders {
    /// `stackone_source`: the configured source whose secret matched.
    pub source: String,
    /// `stackone_received_at`: when the webhook had been read and verified.
    pub received_at: Timestamp,
}

/// What a dead letter adds to the original record's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterHeaders {
    /// `stackone_dead_letter_reason`.
    pub reason: DeadLetterReason,
    /// `stackone_dead_letter_detail`: one line for a person, without data of the record.
    pub detail: String,
    /// `stackone_dead_letter_attempts`: lookups made.
    pub attempts: u32,
    /// `stackone_dead_letter_topic`: where the record came from.
    pub topic: String,
    /// `stackone_dead_letter_partition`.
    pub partition: i32,
    /// `stackone_dead_letter_offset`.
    pub offset: i64,
    /// `stackone_dead_letter_first_seen`.
    pub first_seen: Timestamp,
    /// `stackone_dead_letter_last_seen`.
    pub last_seen: Timestamp,
    /// `stackone_dead_letter_value_expired`: the source topic no longer had the record, so the value is empty.
    pub value_expired: bool,
}

/// What a redrive adds to the record it puts back. A dead letter made of that record again keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveHeaders {
    /// `stackone_redrives`: how often the record was put back.
    pub redrives: u32,
    /// `stackone_redrive_first_seen`: when it was first consumed, long before it was put back.
    pub first_seen: Timestamp,
}

/// Why headers cannot be read.
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
    /// Headers of a JSON value, with nothing but the event's attributes.
    #[must_use]
    pub fn of(event: CloudEvent) -> Self {
        Self {
            event,
            content_type: JSON.to_owned(),
            traceparent: None,
            ingest: None,
            dead_letter: None,
            redrive: None,
        }
    }

    /// The headers as Kafka carries them.
    #[must_use]
    pub fn encode(&self) -> OwnedHeaders {
        let event = &self.event;
        let time = event.time.map(|time| time.to_string());
        let id = event.id.as_hyphenated();
        let mut writer = Writer(OwnedHeaders::new_with_capacity(CAPACITY))
            .text(field::CE_SPECVERSION, "1.0")
            .text(field::CE_ID, id.encode_lower(&mut Uuid::encode_buffer()))
            .text(field::CE_TYPE, &event.event_type)
            .text(field::CE_SOURCE, &event.source)
            .optional(field::CE_SUBJECT, event.subject.as_deref())
            .optional(field::CE_TIME, time.as_deref())
            .optional(field::CE_DATASCHEMA, event.dataschema.as_deref())
            .text(field::CONTENT_TYPE, &self.content_type)
            .optional(field::TRACEPARENT, self.traceparent.as_deref());
        if let Some(ingest) = &self.ingest {
            writer = writer
                .text(field::SOURCE, &ingest.source)
                .text(field::RECEIVED_AT, &ingest.received_at.to_string());
        }
        if let Some(dead_letter) = &self.dead_letter {
            writer = writer.dead_letter(dead_letter);
        }
        if let Some(redrive) = &self.redrive {
            let first_seen = redrive.first_seen.to_string();
            writer = writer
                .text(field::REDRIVES, &redrive.redrives.to_string())
                .text(field::REDRIVE_FIRST_SEEN, &first_seen);
        }
        writer.0
    }

    /// Reads what [`Self::encode`] wrote. Headers it does not know are ignored.
    ///
    /// # Errors
    ///
    /// Where an attribute that every record has is absent, or one is not of its type.
    pub fn decode(headers: Option<&BorrowedHeaders>) -> Result<Self, HeaderError> {
        let reader = Reader(headers);
        let event = CloudEvent {
            id: reader.required(field::CE_ID)?,
            event_type: reader.required(field::CE_TYPE)?,
            source: reader.required(field::CE_SOURCE)?,
            subject: reader.optional(field::CE_SUBJECT)?,
            time: reader.optional(field::CE_TIME)?,
            dataschema: reader.optional(field::CE_DATASCHEMA)?,
        };
        let ingest = match reader.optional(field::SOURCE)? {
            Some(source) => Some(IngestHeaders {
                source,
                received_at: reader.required(field::RECEIVED_AT)?,
            }),
            None => None,
        };
        let content_type = reader
            .optional(field::CONTENT_TYPE)?
            .unwrap_or_else(|| JSON.to_owned());
        let traceparent = reader.optional(field::TRACEPARENT)?;
        Ok(Self {
            event,
            content_type,
            traceparent,
            ingest,
            dead_letter: reader.dead_letter()?,
            redrive: reader.redrive()?,
        })
    }

    /// `ce_id` alone, for records whose other headers are not needed.
    #[must_use]
    pub fn event_id(headers: Option<&BorrowedHeaders>) -> Option<Uuid> {
        Reader(headers).optional(field::CE_ID).ok().flatten()
    }
}

/// The headers so far. They are handed on from call to call, as the client's list is: to lend it out it would have to be
/// replaced by an empty one each time, which is made and freed by the client.
struct Writer(OwnedHeaders);

impl Writer {
    fn text(self, field: HeaderField, value: &str) -> Self {
        let (key, value) = (field.name, Some(value));
        Self(self.0.insert(Header { key, value }))
    }

    fn optional(self, field: HeaderField, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(field, value),
            None => self,
        }
    }

    fn dead_letter(self, headers: &DeadLetterHeaders) -> Self {
        let partition = headers.partition.to_string();
        let first_seen = headers.first_seen.to_string();
        let last_seen = headers.last_seen.to_string();
        let expired = headers.value_expired.to_string();
        self.text(field::DEAD_LETTER_REASON, headers.reason.as_str())
            .text(field::DEAD_LETTER_DETAIL, &headers.detail)
            .text(field::DEAD_LETTER_ATTEMPTS, &headers.attempts.to_string())
            .text(field::DEAD_LETTER_TOPIC, &headers.topic)
            .text(field::DEAD_LETTER_PARTITION, &partition)
            .text(field::DEAD_LETTER_OFFSET, &headers.offset.to_string())
            .text(field::DEAD_LETTER_FIRST_SEEN, &first_seen)
            .text(field::DEAD_LETTER_LAST_SEEN, &last_seen)
            .text(field::DEAD_LETTER_VALUE_EXPIRED, &expired)
    }
}

struct Reader<'a>(Option<&'a BorrowedHeaders>);

impl Reader<'_> {
    fn optional<T: std::str::FromStr>(&self, field: HeaderField) -> Result<Option<T>, HeaderError> {
        let name = field.name;
        let found = self
            .0
            .and_then(|headers| headers.iter().find(|header| header.key == name));
        let Some(value) = found.and_then(|header| header.value) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok());
        text.map(Some).ok_or(HeaderError::Unreadable(name))
    }

    fn required<T: std::str::FromStr>(&self, field: HeaderField) -> Result<T, HeaderError> {
        self.optional(field)?.ok_or(HeaderError::Absent(field.name))
    }

    fn dead_letter(&self) -> Result<Option<DeadLetterHeaders>, HeaderError> {
        let Some(reason) = self.optional::<String>(field::DEAD_LETTER_REASON)? else {
            return Ok(None);
        };
        Ok(Some(DeadLetterHeaders {
            reason: DeadLetterReason::from(reason.as_str()),
            detail: self.required(field::DEAD_LETTER_DETAIL)?,
            attempts: self.required(field::DEAD_LETTER_ATTEMPTS)?,
            topic: self.required(field::DEAD_LETTER_TOPIC)?,
            partition: self.required(field::DEAD_LETTER_PARTITION)?,
            offset: self.required(field::DEAD_LETTER_OFFSET)?,
            first_seen: self.required(field::DEAD_LETTER_FIRST_SEEN)?,
            last_seen: self.required(field::DEAD_LETTER_LAST_SEEN)?,
            value_expired: self.required(field::DEAD_LETTER_VALUE_EXPIRED)?,
        }))
    }

    fn redrive(&self) -> Result<Option<RedriveHeaders>, HeaderError> {
        let Some(redrives) = self.optional(field::REDRIVES)? else {
            return Ok(None);
        };
        Ok(Some(RedriveHeaders {
            redrives,
            first_seen: self.required(field::REDRIVE_FIRST_SEEN)?,
        }))
    }
}

#[cfg(test)]
mod tests;
