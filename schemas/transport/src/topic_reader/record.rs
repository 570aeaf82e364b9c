//! A consumed record.

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use stackone_link_wire::{HeaderError, RecordHeaders};

use crate::decode_headers;

/// A record that borrows the client's memory, so that nothing is copied.
pub struct Record<'r>(BorrowedMessage<'r>);

impl<'r> Record<'r> {
    /// Returns the record as rdkafka's own type.
    #[must_use]
    pub const fn as_message(&self) -> &BorrowedMessage<'r> {
        &self.0
    }

    /// Returns the number of its partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.0.partition()
    }

    /// Returns its offset in the partition.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.0.offset()
    }

    /// Returns when it was written, in milliseconds since 1970, by the clock of the producer or of
    /// the broker, as `message.timestamp.type` of the topic says.
    #[must_use]
    pub fn timestamp_ms(&self) -> Option<i64> {
        self.0.timestamp().to_millis()
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    /// Returns the value; `None` is a tombstone.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.0.payload()
    }

    /// Decodes the headers, and ignores those that are not known.
    ///
    /// # Errors
    ///
    /// Fails where an attribute that every record has is absent, or a value is not of its type.
    pub fn headers(&self) -> Result<RecordHeaders, HeaderError> {
        decode_headers(self.0.headers())
    }
}

impl<'r> From<BorrowedMessage<'r>> for Record<'r> {
    fn from(message: BorrowedMessage<'r>) -> Self {
        Self(message)
    }
}
