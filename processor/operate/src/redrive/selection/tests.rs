//! Tests every kind of record against every kind of selection.

use stackone_link_schemas::CloudEvent;

use super::*;

const OFFSET: i64 = 7;

fn letter(account: &str, reason: DeadLetterReason, second: i64) -> Consumed {
    let seen = Timestamp::from_second(second).unwrap();
    let event = CloudEvent {
        id: uuid::Uuid::nil(),
        event_type: "account.updated".to_owned(),
        source: "/stackone".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    };
    let dead_letter = DeadLetterHeaders {
        reason,
        detail: "status 422".to_owned(),
        attempts: 3,
        topic: "events".to_owned(),
        partition: 0,
        offset: 1,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: seen,
        value_expired: false,
    };
    Consumed {
        partition: 0,
        offset: OFFSET,
        timestamp_ms: 0,
        key: Some(account.into()),
        value: b"{}".to_vec(),
        headers: Some(RecordHeaders {
            dead_letter: Some(dead_letter),
            ..RecordHeaders::of(event)
        }),
    }
}

fn rejected() -> Consumed {
    letter("a", DeadLetterReason::LookupRejected, 100)
}

fn with(mut record: Consumed, change: impl FnOnce(&mut RecordHeaders)) -> Consumed {
    change(record.headers.as_mut().unwrap());
    record
}

fn expired() -> Consumed {
    with(rejected(), |headers| {
        headers.dead_letter.as_mut().unwrap().value_expired = true;
    })
}

fn typed(event_type: &str) -> Consumed {
    with(rejected(), |headers| {
        headers.event.event_type = event_type.to_owned();
    })
}

fn selection(reasons: &[DeadLetterReason], account: Option<&str>, since: i64) -> Selection {
    Selection {
        reasons: reasons.to_vec(),
        accounts: account
            .into_iter()
            .map(|account| AccountId::try_from(account).unwrap())
            .collect(),
        since: Some(Timestamp::from_second(since).unwrap()),
    }
}

fn assert_decided(table: Vec<(Consumed, Selection, RedriveVerdict)>) {
    for (number, (record, selection, verdict)) in table.into_iter().enumerate() {
        let decided = selection.decide(&record, &OffsetRanges::default());
        assert_eq!(decided, verdict, "row {number}: {selection:?}");
    }
}

#[test]
fn a_letter_is_put_back_where_it_is_asked_for() {
    use DeadLetterReason::{LookupRejected, MalformedEvent, UnknownProject};
    let (redrive, not_asked) = (
        RedriveVerdict::Redrive,
        RedriveVerdict::Left(Left::NotAskedFor),
    );
    let comes_back = RedriveVerdict::Left(Left::Malformed);
    let malformed = letter("a", MalformedEvent, 100);
    let keyless = Consumed {
        key: None,
        ..rejected()
    };
    let (all, only) = (Selection::default(), selection);
    assert_decided(vec![
        (rejected(), all.clone(), redrive),
        (rejected(), only(&[LookupRejected], Some("a"), 100), redrive),
        (
            rejected(),
            only(&[UnknownProject, LookupRejected], None, 0),
            redrive,
        ),
        (rejected(), only(&[UnknownProject], None, 0), not_asked),
        (rejected(), only(&[], Some("b"), 0), not_asked),
        (rejected(), only(&[], None, 101), not_asked),
        (keyless.clone(), all.clone(), redrive),
        (keyless, only(&[], Some("a"), 0), not_asked),
        (malformed.clone(), all, comes_back),
        (malformed.clone(), only(&[], Some("a"), 0), comes_back),
        (malformed.clone(), only(&[MalformedEvent], None, 0), redrive),
        (malformed, only(&[LookupRejected], None, 0), not_asked),
    ]);
}

#[test]
fn a_letter_that_cannot_be_put_back_is_told_from_a_record_that_is_none() {
    let marker = with(typed(DEAD_LETTERS_REDRIVEN_TYPE), |headers| {
        headers.dead_letter = None;
    });
    let foreign = with(rejected(), |headers| headers.dead_letter = None);
    let unlabelled = Consumed {
        headers: None,
        ..rejected()
    };
    let all = Selection::default();
    let others = selection(&[DeadLetterReason::UnknownProject], None, 0);
    let (expired_one, outdated) = (Passed::Expired, Passed::Outdated);
    let no_letter = RedriveVerdict::Left(Left::NotADeadLetter);
    assert_decided(vec![
        (expired(), all.clone(), RedriveVerdict::Passed(expired_one)),
        (expired(), others, RedriveVerdict::Left(Left::NotAskedFor)),
        (
            typed(LISTING_MARKER_TYPE),
            all.clone(),
            RedriveVerdict::Passed(outdated),
        ),
        (
            typed(UNLINKS_RELEASED_TYPE),
            all.clone(),
            RedriveVerdict::Passed(outdated),
        ),
        (marker, all.clone(), RedriveVerdict::Marker),
        // The type of a webhook can be anything, also that of a marker.
        (
            typed(DEAD_LETTERS_REDRIVEN_TYPE),
            all.clone(),
            RedriveVerdict::Redrive,
        ),
        (foreign, all.clone(), no_letter),
        (unlabelled, all, no_letter),
    ]);
}

#[test]
fn a_letter_that_was_dealt_with_is_never_put_back_again() {
    let mut done = OffsetRanges::default();
    done.insert(OFFSET, OFFSET);
    for record in [rejected(), expired()] {
        assert_eq!(
            Selection::default().decide(&record, &done),
            RedriveVerdict::Done
        );
    }
}
