//! A record on its way to Kafka.

use crate::RecordHeaders;

/// A record to be published.
#[derive(Debug, Clone)]
pub struct OutgoingRecord<'a> {
    /// The topic's configured name.
    pub topic: &'a str,
    /// The key: the account id, where there is one.
    pub key: Option<&'a str>,
    /// The value, byte for byte.
    pub value: &'a [u8],
    /// The headers, `ce_…` among them.
    pub headers: RecordHeaders,
}
