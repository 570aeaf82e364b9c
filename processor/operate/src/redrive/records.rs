//! Builds the records that a redrive writes. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{
    CloudEvent, DEAD_LETTERS_REDRIVEN_TYPE, DeadLettersRedriven, event_id_of_body,
    source_of_project,
};
use stackone_link_wire::{RecordHeaders, RedriveHeaders, Topic, Topics};

use super::progress::RedriveStep;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::event::records::TransactionRecord;

/// Returns the record behind a dead letter: its own key, bytes and headers, and the number of
/// redrives. `None` where the record is no dead letter.
#[must_use]
pub fn redriven(topics: &Topics, letter: Consumed) -> Option<TransactionRecord> {
    let mut headers = letter.headers?;
    let first_seen = headers.dead_letter.take()?.first_seen;
    let before = headers.redrive.map_or(0, |redrive| redrive.redrives);
    headers.redrive = Some(RedriveHeaders {
        redrives: before.saturating_add(1),
        first_seen,
    });
    Some(TransactionRecord {
        topic: topics.name(Topic::AccountEvents).to_owned(),
        // The key decides, as for records of ingest.
        partition: None,
        key: letter.key,
        value: Some(letter.value),
        headers,
    })
}

/// Returns the marker of what was dealt with, for later redrives to find in the same partition.
///
/// # Errors
///
/// Never fails for numbers; the signature is serde's.
pub fn marker(
    topics: &Topics,
    step: &RedriveStep,
    now: Timestamp,
) -> Result<TransactionRecord, serde_json::Error> {
    let value = serde_json::to_vec(&DeadLettersRedriven {
        partition: step.partition,
        offsets: step.done.to_vec(),
    })?;
    let event = CloudEvent {
        id: event_id_of_body(&value),
        event_type: DEAD_LETTERS_REDRIVEN_TYPE.to_owned(),
        source: source_of_project(None),
        subject: None,
        time: Some(now),
        dataschema: None,
    };
    Ok(TransactionRecord {
        topic: topics.name(Topic::DeadLetter).to_owned(),
        partition: Some(step.partition),
        key: None,
        value: Some(value),
        headers: RecordHeaders::of(event),
    })
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::DeadLetterReason;
    use stackone_link_wire::{DeadLetterHeaders, IngestHeaders};

    use super::*;
    use stackone_processor_core::event::records;

    fn webhook() -> Consumed {
        let event = CloudEvent {
            id: uuid::Uuid::from_u128(5),
            event_type: "account.updated".to_owned(),
            source: "/stackone/acme".to_owned(),
            subject: Some("a".to_owned()),
            time: None,
            dataschema: None,
        };
        Consumed {
            partition: 2,
            offset: 40,
            timestamp_ms: 1,
            key: Some(b"a".to_vec()),
            value: b"\x00 bytes \xff".to_vec(),
            headers: Some(RecordHeaders {
                traceparent: Some("00-1-2-01".to_owned()),
                ingest: Some(IngestHeaders {
                    source: "default".to_owned(),
                    received_at: Timestamp::UNIX_EPOCH,
                }),
                ..RecordHeaders::of(event)
            }),
        }
    }

    fn put_aside(record: &Consumed, second: i64) -> Consumed {
        let seen = Timestamp::from_second(second).unwrap();
        let why = DeadLetterHeaders {
            reason: DeadLetterReason::LookupRejected,
            detail: "status 422".to_owned(),
            attempts: 3,
            topic: "events".to_owned(),
            partition: record.partition,
            offset: record.offset,
            first_seen: seen,
            last_seen: seen,
            value_expired: false,
        };
        consumed(records::dead_letter(&Topics::default(), record, why))
    }

    fn put_back(letter: &Consumed) -> Consumed {
        consumed(redriven(&Topics::default(), letter.clone()).unwrap())
    }

    fn consumed(record: TransactionRecord) -> Consumed {
        Consumed {
            partition: 0,
            offset: 0,
            timestamp_ms: 0,
            key: record.key,
            value: record.value.unwrap(),
            headers: Some(record.headers),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_says_how_often() {
        let original = webhook();
        let back = put_back(&put_aside(&original, 10));
        assert_eq!((&back.key, &back.value), (&original.key, &original.value));
        let headers = RecordHeaders {
            redrive: None,
            ..back.headers.clone().unwrap()
        };
        assert_eq!(Some(headers), original.headers);
        assert_eq!(back.headers.unwrap().redrive.unwrap().redrives, 1);
    }

    #[test]
    fn a_record_that_fails_again_counts_its_redrives_and_keeps_when_it_was_first_seen() {
        let again = put_aside(&put_back(&put_aside(&webhook(), 10)), 5000);
        let headers = again.headers.clone().unwrap();
        let letter = headers.dead_letter.unwrap();
        assert_eq!(letter.first_seen.as_second(), 10);
        assert_eq!(letter.last_seen.as_second(), 5000);
        assert_eq!(headers.redrive.unwrap().redrives, 1);
        let twice = put_back(&again).headers.unwrap().redrive.unwrap();
        assert_eq!((twice.redrives, twice.first_seen.as_second()), (2, 10));
    }
}
