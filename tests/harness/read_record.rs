//! A record as a test reads it.

use std::fmt;

use jiff::Timestamp;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use serde::de::DeserializeOwned;
use stackone_link_transport::decode_headers;
use stackone_link_wire::RecordHeaders;

/// Most of a value that is shown in a message.
const SHOWN: usize = 300;

/// A record of a topic. Its `Debug` is one line.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadRecord {
    /// Partition it was found in.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its timestamp, to the millisecond.
    pub timestamp: Timestamp,
    /// The key: the account id, where there is one.
    pub key: Option<String>,
    /// The value, byte for byte; empty where there is none.
    pub value: Vec<u8>,
    /// The headers.
    pub headers: RecordHeaders,
}

impl ReadRecord {
    /// The value as what it should be.
    ///
    /// # Panics
    ///
    /// Where it is not that, with the record.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.value).unwrap_or_else(|error| {
            let wanted = std::any::type_name::<T>();
            panic!("the value is no {wanted}: {error}; the record is {self:?}")
        })
    }

    /// Reads a message whose key, headers and timestamp are as every record of the pipeline has
    /// them.
    pub(crate) fn of(message: &BorrowedMessage<'_>) -> Self {
        let coordinates = format!(
            "{}[{}]@{}",
            message.topic(),
            message.partition(),
            message.offset()
        );
        let key = message.key().map(|key| {
            let text = std::str::from_utf8(key);
            let text = text.unwrap_or_else(|_| panic!("{coordinates}: the key is not text"));
            text.to_owned()
        });
        let headers = decode_headers(message.headers());
        let millis = message
            .timestamp()
            .to_millis()
            .map(Timestamp::from_millisecond);
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp: millis
                .and_then(Result::ok)
                .unwrap_or_else(|| panic!("{coordinates}: no timestamp")),
            key,
            value: message.payload().unwrap_or_default().to_vec(),
            headers: headers.unwrap_or_else(|error| panic!("{coordinates}: {error}")),
        }
    }
}

impl fmt::Debug for ReadRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.value);
        let shown: String = text.chars().take(SHOWN).collect();
        write!(
            formatter,
            "[{}]@{} {} key={} {}{}",
            self.partition,
            self.offset,
            self.headers.event.event_type,
            self.key.as_deref().unwrap_or("-"),
            shown.escape_debug(),
            if shown.len() < text.len() { "…" } else { "" },
        )
    }
}
