//! Tests what a record is, by its content, its project and the state of its account.

mod misplaced;

use stackone_link_schemas::{ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, AccountId, CloudEvent};

use super::*;
use crate::api_gate::Project;
use crate::reconcile::unknown_account;

const NOW: Timestamp = Timestamp::constant(1_772_614_800, 0);

fn projects(ids: &[Option<&str>]) -> Projects {
    let project = |id: &Option<&str>| Project {
        id: id.map(str::to_owned),
        requests_per_minute: std::num::NonZeroU32::MIN,
    };
    Projects::new(ids.iter().map(project).collect())
}

const PARTITIONS: i32 = 12;

/// Returns the partition of the key `a`.
fn here() -> i32 {
    partition_of_key(b"a", PARTITIONS)
}

fn record(project: &str, event: &str) -> Consumed {
    let value = format!(
        r#"{{"event":"{event}","account_id":"a","project_id":"{project}","event_date":"2030-01-01T00:00:00Z"}}"#
    );
    Consumed {
        partition: here(),
        offset: 41,
        timestamp_ms: NOW.as_millisecond(),
        key: None,
        value: value.into_bytes(),
        headers: None,
    }
}

fn state(project: &str, taken_in: Option<TakenIn>) -> AccountState {
    let id = AccountId::try_from("a").unwrap();
    AccountState {
        project_id: Some(project.to_owned()),
        taken_in,
        version: 1,
        ..unknown_account(&id)
    }
}

fn sort(record: &Consumed, ids: &[Option<&str>], state: Option<AccountState>) -> Sorted {
    record.sort("events", PARTITIONS, &projects(ids), NOW, |_| state)
}

fn reason(intake: &Sorted) -> Option<&DeadLetterReason> {
    match intake {
        Sorted::Unusable { reason, .. } => Some(reason),
        Sorted::Look { .. }
        | Sorted::Listed { .. }
        | Sorted::Marker { .. }
        | Sorted::UnlinksReleased { .. }
        | Sorted::Replayed => None,
    }
}

#[test]
fn a_webhook_becomes_work_with_its_cause() {
    let Sorted::Look { key, lane, work } =
        sort(&record("one", "account.deleted"), &[Some("one")], None)
    else {
        panic!("work")
    };
    assert_eq!((key.partition, key.id.as_str(), lane), (here(), "a", 0));
    assert_eq!(
        (work.pending.trigger, work.open_offsets),
        (Trigger::Deleted, vec![41])
    );
    assert_eq!(
        work.pending.event_date,
        Some(NOW),
        "nothing happened later than we were told"
    );
    assert_eq!(
        work.pending.causes[0].event_date,
        Some("2030-01-01T00:00:00Z".parse().unwrap())
    );
}

#[test]
fn an_event_goes_to_its_projects_lane_and_an_unknown_project_to_none() {
    let both = [Some("one"), Some("two")];
    let lane = |intake| match intake {
        Sorted::Look { lane, .. } => Some(lane),
        Sorted::Unusable { .. }
        | Sorted::Listed { .. }
        | Sorted::Marker { .. }
        | Sorted::UnlinksReleased { .. }
        | Sorted::Replayed => None,
    };
    assert_eq!(
        lane(sort(&record("two", "account.created"), &both, None)),
        Some(1)
    );
    let unknown = sort(&record("three", "account.created"), &both, None);
    assert_eq!(reason(&unknown), Some(&DeadLetterReason::UnknownProject));
    assert_eq!(
        lane(sort(&record("three", "account.created"), &[None], None)),
        Some(0),
        "no id serves everything"
    );
}

#[test]
fn an_account_belongs_to_the_project_whose_key_saw_it() {
    let both = [Some("one"), Some("two")];
    let mismatch = sort(
        &record("two", "account.deleted"),
        &both,
        Some(state("one", None)),
    );
    assert_eq!(reason(&mismatch), Some(&DeadLetterReason::ProjectMismatch));
    let own = sort(
        &record("one", "account.deleted"),
        &both,
        Some(state("one", None)),
    );
    assert_eq!(reason(&own), None);
}

#[test]
fn a_replay_is_known_by_partition_offset_and_timestamp_together() {
    let taken = TakenIn {
        partition: here(),
        offset: 41,
        timestamp_ms: NOW.as_millisecond(),
    };
    let replayed = |taken| {
        sort(
            &record("one", "account.created"),
            &[None],
            Some(state("one", Some(taken))),
        ) == Sorted::Replayed
    };
    assert!(replayed(taken));
    assert!(replayed(TakenIn {
        offset: 99,
        ..taken
    }));
    assert!(!replayed(TakenIn {
        offset: 40,
        ..taken
    }));
    assert!(!replayed(TakenIn {
        partition: here() + 1,
        ..taken
    }));
    assert!(
        !replayed(TakenIn {
            timestamp_ms: taken.timestamp_ms - 1,
            ..taken
        }),
        "the topic was made again"
    );
}

fn listed_record() -> Consumed {
    let run = Uuid::from_u128(1);
    let value = format!(r#"{{"run":"{run}","account_id":"a","status":"error"}}"#);
    let headers = RecordHeaders::of(CloudEvent {
        id: run,
        event_type: ACCOUNT_LISTED_TYPE.to_owned(),
        source: "/stackone".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    });
    Consumed {
        value: value.into_bytes(),
        headers: Some(headers),
        ..record("one", "")
    }
}

#[test]
fn a_listed_account_that_is_taken_in_already_is_noted_and_asks_for_nothing_again() {
    let (run, record) = (Uuid::from_u128(1), listed_record());
    let asks = |taken_in| match sort(&record, &[None], Some(state("one", taken_in))) {
        Sorted::Listed { run: of, work, .. } => (of == run, work.is_some()),
        other @ (Sorted::Look { .. }
        | Sorted::Unusable { .. }
        | Sorted::Marker { .. }
        | Sorted::UnlinksReleased { .. }
        | Sorted::Replayed) => panic!("{other:?}"),
    };
    assert_eq!(asks(None), (true, true));
    assert_eq!(asks(Some(record.taken_in())), (true, false));
}

#[test]
fn a_malformed_record_is_described_without_its_data() {
    let malformed = Consumed {
        value: br#"{"event":"account.created","account_id":"s3cret/"}"#.to_vec(),
        ..record("one", "x")
    };
    let Sorted::Unusable { reason, detail } = sort(&malformed, &[None], None) else {
        panic!("unusable")
    };
    assert_eq!(reason, DeadLetterReason::MalformedEvent);
    assert!(!detail.contains("s3cret"), "{detail}");
}

#[test]
fn what_nobody_reads_of_a_webhook_makes_it_no_dead_letter() {
    let deep = format!("{}{}", "[".repeat(130), "]".repeat(130));
    for odd in [r#""Acme \ud83d""#, "1e400", &deep, r#"1,"odd":2"#] {
        let plain = record("one", "account.created");
        let value = String::from_utf8(plain.value.clone()).unwrap();
        let odd = value.replacen('{', &format!(r#"{{"odd":{odd},"#), 1);
        let looked_at = Consumed {
            value: odd.clone().into_bytes(),
            ..plain
        };
        let sorted = sort(&looked_at, &[Some("one")], None);
        assert!(matches!(sorted, Sorted::Look { .. }), "{odd}");
    }
}

#[test]
fn a_release_is_for_a_project_that_is_configured() {
    let release = |project: &str| {
        let value = serde_json::json!({"project_id": project, "released_at": NOW});
        let headers = RecordHeaders::of(CloudEvent {
            id: Uuid::from_u128(1),
            event_type: "pipeline.unlinks.released".to_owned(),
            source: "/stackone".to_owned(),
            subject: None,
            time: None,
            dataschema: None,
        });
        Consumed {
            value: value.to_string().into_bytes(),
            headers: Some(headers),
            ..record(project, "account.created")
        }
    };
    let both = [Some("one"), Some("two")];
    let (lane, said_at) = (1, NOW);
    assert_eq!(
        sort(&release("two"), &both, None),
        Sorted::UnlinksReleased { lane, said_at }
    );
    let unknown = sort(&release("three"), &both, None);
    assert_eq!(reason(&unknown), Some(&DeadLetterReason::UnknownProject));
}

fn look(because: &str, event_date: &str) -> Consumed {
    let value = format!(
        r#"{{"account_id":"a","project_id":"one","because":"{because}","event_date":"{event_date}"}}"#
    );
    let headers = RecordHeaders::of(CloudEvent {
        id: Uuid::from_u128(1),
        event_type: ACCOUNT_LOOK_TYPE.to_owned(),
        source: "/stackone".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    });
    Consumed {
        value: value.into_bytes(),
        headers: Some(headers),
        ..record("one", "")
    }
}

#[test]
fn a_look_asks_for_one_lookup_as_a_recheck_or_as_a_deleted_webhook() {
    let then = "2026-03-04T08:00:00Z";
    for (because, trigger) in [
        ("linked", Trigger::Recheck),
        ("operator", Trigger::Recheck),
        ("a reason of a later version", Trigger::Recheck),
        ("disconnected", Trigger::Deleted),
    ] {
        let Sorted::Look { key, lane, work } = sort(&look(because, then), &[Some("one")], None)
        else {
            panic!("{because}");
        };
        assert_eq!((key.id.as_str(), lane), ("a", 0));
        let pending = work.pending;
        assert_eq!((pending.trigger, pending.total), (trigger, 1), "{because}");
        assert_eq!(pending.event_date, None, "no webhook is that new");
        assert_eq!(pending.looked_at, Some(then.parse().unwrap()));
        assert_eq!(pending.deleted_at.is_some(), trigger == Trigger::Deleted);
        assert_eq!(pending.causes[0].event_type, ACCOUNT_LOOK_TYPE);
        assert_eq!(work.open_offsets, [41]);
    }
    // A writer whose clock is ahead makes no later webhook look old.
    let Sorted::Look { work, .. } = sort(&look("linked", "2030-01-01T00:00:00Z"), &[None], None)
    else {
        panic!("no look");
    };
    assert_eq!(work.pending.looked_at, Some(NOW));
    let elsewhere = sort(&look("linked", then), &[Some("two"), Some("three")], None);
    assert_eq!(reason(&elsewhere), Some(&DeadLetterReason::UnknownProject));
    let mut unreadable = look("linked", then);
    unreadable.value = b"{}".to_vec();
    let unreadable = sort(&unreadable, &[Some("one")], None);
    assert_eq!(reason(&unreadable), Some(&DeadLetterReason::MalformedEvent));
}
