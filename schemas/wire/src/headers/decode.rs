//! Decodes headers.

use stackone_link_schemas::{CloudEvent, DeadLetterReason};

use super::field::{self, HeaderField};
use super::{DeadLetterHeaders, HeaderError, IngestHeaders, JSON, RecordHeaders, RedriveHeaders};

impl RecordHeaders {
    /// Reads what [`Self::fold`] wrote, names and values as a client lends them. Headers it does
    /// not know are ignored; of several with one name, the first is read.
    ///
    /// # Errors
    ///
    /// Fails where an attribute that every record has is absent, or one is not of its type.
    pub fn decode<'a, H>(headers: H) -> Result<Self, HeaderError>
    where
        H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
    {
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
            unrecognized_reason: reader.optional(field::REASON)?,
            dead_letter: reader.dead_letter()?,
            redrive: reader.redrive()?,
        })
    }
}

/// Finds each header by searching the whole list: a dozen entries are cheaper to search than to put
/// into a map.
struct Reader<H>(H);

impl<'a, H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone> Reader<H> {
    fn optional<T: std::str::FromStr>(&self, field: HeaderField) -> Result<Option<T>, HeaderError> {
        let name = field.name;
        let found = self.0.clone().find(|(key, _)| *key == name);
        let Some(value) = found.and_then(|(_, value)| value) else {
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
