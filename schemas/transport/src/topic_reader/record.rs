//! A record as the client holds it.

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use stackone_link_wire::{HeaderError, RecordHeaders};

use crate::decode_headers;

/// A record as the client holds it. Nothing is copied.
pub struct Record<'r>(BorrowedMessage<'r>);

impl<'r> Record<'r> {
    /// As rdkafka has it.
    #[must_use]
    pub const fn as_message(&self) -> &BorrowedMessage<'r> {
        &self.0
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.0.partition()
    }

    /// Its offset there.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.0.offset()
    }

    /// When it was written, in milliseconds since 1970, by the producer's clock or the broker's as the
    /// topic is set up.
    #[must_use]
    pub fn timestamp_ms(&self) -> Option<i64> {
        self.0.timestamp().to_millis()
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    /// The value; none is a tombstone.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.0.payload()
    }

    /// The headers.
    ///
    /// # Errors
    ///
    /// Where an attribute that every record has is absent, or one is not of its type.
    pub fn headers(&self) -> Result<RecordHeaders, HeaderError> {
        decode_headers(self.0.headers())
    }
}

impl<'r> From<BorrowedMessage<'r>> for Record<'r> {
    fn from(message: BorrowedMessage<'r>) -> Self {
        Self(message)
    }
}
