//! Converts record headers to and from rdkafka's lists.

use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};
use stackone_link_wire::{HeaderError, RecordHeaders};

/// The capacity of a list: more than the headers of a webhook's record.
const CAPACITY: usize = 12;

/// Converts headers to the list that rdkafka sends.
#[must_use]
pub fn encode_headers(headers: &RecordHeaders) -> OwnedHeaders {
    let list = OwnedHeaders::new_with_capacity(CAPACITY);
    headers.fold(list, |list, key, text| {
        let value = Some(text);
        list.insert(Header { key, value })
    })
}

/// Reads the headers of a consumed record, and ignores those that it does not know.
///
/// # Errors
///
/// Fails where an attribute that every record has is absent, or a value is not of its type.
pub fn decode_headers(headers: Option<&BorrowedHeaders>) -> Result<RecordHeaders, HeaderError> {
    // rdkafka's own iterator cannot be started a second time.
    let count = headers.map_or(0, Headers::count);
    let read = |index| headers?.try_get(index);
    let lent = (0..count).filter_map(read);
    RecordHeaders::decode(lent.map(|header| (header.key, header.value)))
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::CloudEvent;
    use stackone_link_wire::RedriveHeaders;

    use super::*;

    #[test]
    fn headers_survive_the_clients_list() {
        let body = br#"{"event":"account.created"}"#;
        let event = CloudEvent {
            id: stackone_link_schemas::event_id_of_body(body),
            event_type: "account.created".to_owned(),
            source: "/stackone/acmeinc-27270".to_owned(),
            subject: None,
            time: "2026-03-04T09:12:44.102Z".parse().ok(),
            dataschema: None,
        };
        let headers = RecordHeaders {
            redrive: event.time.map(|first_seen| RedriveHeaders {
                redrives: 7,
                first_seen,
            }),
            ..RecordHeaders::of(event)
        };
        let foreign = [("x", None), ("ce_id", Some("the first of a name counts"))];
        let list = foreign
            .into_iter()
            .fold(encode_headers(&headers), |list, (key, value)| {
                list.insert(Header { key, value })
            });
        assert_eq!(decode_headers(Some(list.as_borrowed())), Ok(headers));
        assert_eq!(decode_headers(None), Err(HeaderError::Absent("ce_id")));
    }
}
