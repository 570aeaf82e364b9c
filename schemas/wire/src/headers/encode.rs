//! Encodes headers.

use uuid::Uuid;

use super::field::{self, HeaderField};
use super::{DeadLetterHeaders, RecordHeaders};

impl RecordHeaders {
    /// Hands each header, in the order of the catalogue, to `add`, together with what `add`
    /// returned for the one before: [`Iterator::fold`] over names and texts. So a client's own list
    /// can be filled without another list in between.
    pub fn fold<S>(&self, start: S, add: impl FnMut(S, &'static str, &str) -> S) -> S {
        let event = &self.event;
        let time = event.time.map(|time| time.to_string());
        let id = event.id.as_hyphenated();
        let mut writer = Writer { sum: start, add }
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
        writer = writer.optional(field::REASON, self.unrecognized_reason.as_deref());
        if let Some(dead_letter) = &self.dead_letter {
            writer = writer.dead_letter(dead_letter);
        }
        if let Some(redrive) = &self.redrive {
            let first_seen = redrive.first_seen.to_string();
            writer = writer
                .text(field::REDRIVES, &redrive.redrives.to_string())
                .text(field::REDRIVE_FIRST_SEEN, &first_seen);
        }
        writer.sum
    }

    /// Returns the headers as a list of names and texts.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        self.fold(Vec::new(), |mut pairs, name, text| {
            pairs.push((name, text.to_owned()));
            pairs
        })
    }
}

/// The headers that were added so far. It is passed by value from call to call, as the client's
/// list is: to borrow it, each call would have to replace that list by an empty one, which the
/// client allocates and frees.
struct Writer<S, F> {
    sum: S,
    add: F,
}

impl<S, F: FnMut(S, &'static str, &str) -> S> Writer<S, F> {
    fn text(self, field: HeaderField, value: &str) -> Self {
        let Self { sum, mut add } = self;
        let sum = add(sum, field.name, value);
        Self { sum, add }
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
