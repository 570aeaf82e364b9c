use stackone_link_schemas::{
    CloudEvent, DEAD_LETTERS_REDRIVEN_TYPE, DeadLetterReason, Pending, TakenIn, event_id_of_body,
};
use stackone_link_wire::{DeadLetterHeaders, IngestHeaders};
use stackone_processor_core::reconcile::unknown_account;
use stackone_processor_core::work::Work;

use super::*;

const RUN: Uuid = Uuid::from_u128(9);

fn headers(event_type: &str) -> RecordHeaders {
    RecordHeaders::of(CloudEvent {
        id: event_id_of_body(b""),
        event_type: event_type.to_owned(),
        source: "/stackone/acme".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    })
}

fn record(offset: i64, key: Option<&str>, headers: RecordHeaders, value: &str) -> Consumed {
    Consumed {
        partition: 3,
        offset,
        timestamp_ms: offset,
        key: key.map(|key| key.as_bytes().to_vec()),
        value: value.as_bytes().to_vec(),
        headers: Some(headers),
    }
}

fn webhook(offset: i64) -> Consumed {
    let ingest = IngestHeaders {
        source: "default".to_owned(),
        received_at: Timestamp::UNIX_EPOCH,
    };
    let headers = RecordHeaders {
        ingest: Some(ingest),
        ..headers("account.created")
    };
    record(offset, Some("a"), headers, "{}")
}

fn marker(offset: i64, is_complete: bool) -> Consumed {
    let value = format!(
        r#"{{"run":"{RUN}","project_id":"acme","started_at":"2026-03-04T09:00:00Z","is_complete":{is_complete}}}"#
    );
    record(offset, None, headers(LISTING_MARKER_TYPE), &value)
}

fn listed(offset: i64) -> Consumed {
    let value = format!(
        r#"{{"run":"{RUN}","project_id":"acme","account_id":"a","status":"active","updated_at":null}}"#
    );
    record(offset, Some("a"), headers(ACCOUNT_LISTED_TYPE), &value)
}

fn events(records: &[Consumed], committed: Option<i64>) -> Events {
    let mut collector = EventCollector::default();
    records.iter().for_each(|record| collector.take(record));
    collector.found(committed)
}

fn letter_of(offset: i64, origin: i64) -> Consumed {
    let why = DeadLetterHeaders {
        reason: DeadLetterReason::LookupRejected,
        detail: "status 422".to_owned(),
        attempts: 3,
        topic: "events".to_owned(),
        partition: 3,
        offset: origin,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        value_expired: false,
    };
    let headers = RecordHeaders {
        dead_letter: Some(why),
        ..headers("account.created")
    };
    record(offset, Some("a"), headers, "{}")
}

fn letters(records: &[Consumed]) -> Newest<Letter> {
    let mut collector = LetterCollector::default();
    records.iter().for_each(|record| collector.take(record));
    collector.found()
}

#[test]
fn a_trigger_says_where_it_came_from_and_what_is_the_pipelines_own_is_no_webhook() {
    let found = events(&[webhook(1), listed(2)], None).triggers;
    let [webhook, listed] = [&found.newest[0], &found.newest[1]];
    assert_eq!(webhook.source.as_deref(), Some("default"));
    assert_eq!(webhook.project_id.as_deref(), Some("acme"));
    assert!(webhook.is_webhook() && !listed.is_webhook());
    assert_eq!((listed.source.as_deref(), found.total), (None, 2));
}

#[test]
fn only_a_complete_list_counts_and_it_says_whether_it_has_the_account() {
    assert_eq!(events(&[marker(0, false), listed(1)], None).lists, []);
    let with = events(&[marker(0, false), listed(1), marker(2, true)], None);
    assert!(with.lists[0].names_account, "{with:?}");
    let without = events(&[marker(0, false), marker(2, true)], None);
    assert_eq!(without.lists.len(), 1);
    assert!(!without.lists[0].names_account, "{without:?}");
}

#[test]
fn of_very_many_the_newest_are_kept_and_all_are_counted() {
    let many: Vec<_> = (0..120).map(webhook).collect();
    let found = events(&many, None).triggers;
    assert_eq!((found.total, found.newest.len()), (120, 50));
    assert_eq!(
        (found.newest[0].offset, found.last().unwrap().offset),
        (70, 119)
    );
}

#[test]
fn how_far_the_processor_is_follows_from_letters_state_and_committed_offset() {
    let id = AccountId::try_from("a").unwrap();
    let taken = |offset| TakenIn {
        partition: 3,
        offset,
        timestamp_ms: offset,
    };
    let pending = Pending {
        taken_in: Some(taken(2)),
        ..Work::nothing(
            stackone_link_schemas::Trigger::Webhook,
            Timestamp::UNIX_EPOCH,
        )
        .pending
    };
    let state = AccountState {
        taken_in: Some(taken(1)),
        pending: Some(pending),
        ..unknown_account(&id)
    };
    let progress = |committed| {
        let records: Vec<_> = (0..6).map(webhook).collect();
        let mut events = events(&records, committed);
        follow(
            &mut events,
            Some(&state),
            Some(&letters(&[letter_of(9, 0)])),
        );
        let each = events.triggers.newest.iter();
        each.map(|trigger| trigger.progress).collect::<Vec<_>>()
    };
    use TriggerProgress::{Passed, PutAside, TakenIn as In, Unknown, Waiting};
    assert_eq!(
        progress(Some(4)),
        [PutAside, In, In, Passed, Waiting, Waiting]
    );
    assert_eq!(progress(None)[3..], [Unknown; 3]);
}

#[test]
fn a_letter_that_a_redrive_has_dealt_with_says_so() {
    let marker = r#"{"partition":3,"offsets":[[5,5]]}"#;
    let marker = record(7, None, headers(DEAD_LETTERS_REDRIVEN_TYPE), marker);
    let found = letters(&[letter_of(5, 0), letter_of(6, 1), marker]);
    let put_back: Vec<_> = found.newest.iter().map(|one| one.put_back).collect();
    assert_eq!(put_back, [true, false]);
}

#[test]
fn a_record_of_no_use_is_its_by_what_the_body_names_and_nameless_ones_are_counted() {
    let id = AccountId::try_from("a").unwrap();
    let mut collector = StrayCollector::of(&id);
    let because = |reason: &str| RecordHeaders {
        unrecognized_reason: Some(reason.to_owned()),
        ..headers("stackone.unrecognized")
    };
    for (offset, body) in [
        (
            0,
            r#"{"event":"account.created","account_id":"a","project_id":"other"}"#,
        ),
        (1, r#"{"event":"account.created","account_id":"b"}"#),
        (2, "no json"),
    ] {
        collector.take(&record(offset, None, because("project_mismatch"), body));
    }
    let found = collector.found();
    assert_eq!((found.strays.total, found.nameless), (1, 1));
    let stray = &found.strays.newest[0];
    assert_eq!(stray.reason.as_deref(), Some("project_mismatch"));
    assert_eq!(stray.project_id.as_deref(), Some("other"));
}
