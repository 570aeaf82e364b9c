//! Tests records that are misplaced: in the partition of another key, at an offset of another
//! record, or before one that was taken in already.

use stackone_link_wire::IngestHeaders;

use super::*;

#[test]
fn a_letter_that_is_still_owed_is_no_replay() {
    let both = [Some("one"), Some("two")];
    let taken_in = |record: &Consumed| {
        let later = TakenIn {
            offset: record.offset + 1,
            ..record.taken_in()
        };
        Some(state("one", Some(later)))
    };
    for (project, owed) in [
        ("two", DeadLetterReason::ProjectMismatch),
        ("three", DeadLetterReason::UnknownProject),
    ] {
        let record = record(project, "account.created");
        let intake = sort(&record, &both, taken_in(&record));
        assert_eq!(reason(&intake), Some(&owed));
    }
}

#[test]
fn a_record_in_a_partition_that_its_account_does_not_belong_to_is_malformed() {
    let webhook = record("one", "account.created");
    for record in [webhook, listed_record()] {
        let elsewhere = Consumed {
            partition: (here() + 1) % PARTITIONS,
            ..record.clone()
        };
        let intake = sort(&elsewhere, &[None], None);
        assert_eq!(reason(&intake), Some(&DeadLetterReason::MalformedEvent));
        assert_eq!(reason(&sort(&record, &[None], None)), None);
    }
}

#[test]
fn another_record_at_the_offset_of_a_cause_is_not_taken_for_it() {
    let headers = |id, received| {
        let mut headers = listed_record().headers.unwrap();
        headers.event.id = Uuid::from_u128(id);
        "account.created".clone_into(&mut headers.event.event_type);
        headers.ingest = Some(IngestHeaders {
            source: "default".to_owned(),
            received_at: received,
        });
        Some(headers)
    };
    let webhook = |headers| Consumed {
        headers,
        ..record("one", "account.created")
    };
    let cause_of = |record: &Consumed| {
        let Sorted::Look { work, .. } = sort(record, &[None], None) else {
            panic!("work")
        };
        work.pending.causes[0].clone()
    };
    let later = Timestamp::from_millisecond(NOW.as_millisecond() + 1).unwrap();
    let (plain, labelled) = (webhook(None), webhook(headers(1, NOW)));
    for record in [&plain, &labelled] {
        assert!(record.is_of(&cause_of(record)));
    }
    let newer = Consumed {
        timestamp_ms: later.as_millisecond(),
        ..plain.clone()
    };
    assert!(!newer.is_of(&cause_of(&plain)));
    for other in [headers(2, NOW), headers(1, later), None] {
        assert!(!webhook(other).is_of(&cause_of(&labelled)));
    }
}
