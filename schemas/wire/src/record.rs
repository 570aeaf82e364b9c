//! A record on its way to Kafka.

use crate::RecordHeaders;

/// A record that is to be published.
#[derive(Debug, Clone)]
pub struct OutgoingRecord<'a> {
    /// The configured name of the topic.
    pub topic: &'a str,
    /// The key: the account id, where there is one.
    pub key: Option<&'a str>,
    /// The value, which is sent byte for byte.
    pub value: &'a [u8],
    /// The headers.
    pub headers: RecordHeaders,
}
