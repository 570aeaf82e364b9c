//! Headers there and back.

use proptest::prelude::*;

use stackone_link_schemas::{CloudEvent, DeadLetterReason};
use uuid::Uuid;

use super::*;

/// The pairs as a client would lend them.
fn lent<'a>(
    pairs: &'a [(&'static str, String)],
) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone {
    let lend = |(name, text): &'a (&'static str, String)| (*name, Some(text.as_bytes()));
    pairs.iter().map(lend)
}

fn headers() -> impl Strategy<Value = RecordHeaders> {
    (
        any::<u128>(),
        "[a-z.]{1,20}",
        proptest::option::of(0i64..4_000_000_000_000),
        any::<bool>(),
        proptest::option::of(any::<u32>()),
    )
        .prop_map(|(id, text, millis, dead, redrives)| {
            let time = Timestamp::from_millisecond(millis.unwrap_or(0)).unwrap();
            RecordHeaders {
                event: CloudEvent {
                    id: Uuid::from_u128(id),
                    event_type: text.clone(),
                    source: format!("/stackone/{text}"),
                    subject: millis.map(|_| text.clone()),
                    time: millis.map(|_| time),
                    dataschema: None,
                },
                content_type: JSON.to_owned(),
                traceparent: millis.map(|_| text.clone()),
                ingest: millis.map(|_| IngestHeaders {
                    source: text.clone(),
                    received_at: time,
                }),
                unrecognized_reason: redrives.map(|_| text.clone()),
                dead_letter: dead.then(|| DeadLetterHeaders {
                    reason: DeadLetterReason::MalformedEvent,
                    detail: text.clone(),
                    attempts: 3,
                    topic: text.clone(),
                    partition: 4,
                    offset: 5,
                    first_seen: time,
                    last_seen: time,
                    value_expired: false,
                }),
                redrive: redrives.map(|redrives| RedriveHeaders {
                    redrives,
                    first_seen: time,
                }),
            }
        })
}

proptest! {
    #[test]
    fn headers_survive_a_round_trip(headers in headers()) {
        let pairs = headers.to_pairs();
        prop_assert_eq!(RecordHeaders::decode(lent(&pairs)), Ok(headers));
    }
}

#[test]
fn a_record_without_an_id_is_named_as_such() {
    let read = |value: Option<&str>| {
        let header = value.map(|text| ("ce_id", Some(text.as_bytes())));
        RecordHeaders::decode(header.into_iter())
    };
    assert_eq!(read(None), Err(HeaderError::Absent("ce_id")));
    assert_eq!(read(Some("x")), Err(HeaderError::Unreadable("ce_id")));
}

#[test]
fn the_headers_that_are_written_are_those_of_the_catalogue() {
    let time = Timestamp::UNIX_EPOCH;
    let text = "x".to_owned();
    let every = RecordHeaders {
        event: CloudEvent {
            id: Uuid::nil(),
            event_type: text.clone(),
            source: text.clone(),
            subject: Some(text.clone()),
            time: Some(time),
            dataschema: Some(text.clone()),
        },
        content_type: JSON.to_owned(),
        traceparent: Some(text.clone()),
        ingest: Some(IngestHeaders {
            source: text.clone(),
            received_at: time,
        }),
        unrecognized_reason: Some(text.clone()),
        dead_letter: Some(DeadLetterHeaders {
            reason: DeadLetterReason::MalformedEvent,
            detail: text.clone(),
            attempts: 1,
            topic: text,
            partition: 1,
            offset: 1,
            first_seen: time,
            last_seen: time,
            value_expired: true,
        }),
        redrive: Some(RedriveHeaders {
            redrives: 1,
            first_seen: time,
        }),
    };
    let pairs = every.to_pairs();
    let written: Vec<_> = pairs.iter().map(|(name, _)| *name).collect();
    let known: Vec<_> = field::ALL.iter().map(|field| field.name).collect();
    assert_eq!(written, known);
}
