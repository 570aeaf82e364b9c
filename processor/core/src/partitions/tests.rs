use std::num::NonZeroU32;

use stackone_link_schemas::AccountId;

use super::*;
use crate::api_gate::{Gate, Project};
use crate::offsets::open_records::IntakeSwitch;
use crate::processor::input::{Position, Watermarks};
use crate::state::store::StateStore;
use crate::time::Monotonic;

const NOW: Monotonic = Monotonic::START;

fn record(partition: i32, offset: i64) -> Consumed {
    Consumed {
        partition,
        offset,
        timestamp_ms: 0,
        key: None,
        value: b"{}".to_vec(),
        headers: None,
    }
}

fn restored(next: i64) -> Restored {
    Restored {
        states: StateStore::default(),
        partitions: 12,
        position: Position {
            next,
            was_out_of_range: false,
        },
    }
}

/// Returns partition 3 in processing from this offset on, under epoch 1.
fn processing(next: i64) -> Partitions {
    let mut partitions = Partitions::new(Open {
        records: 2,
        bytes: 1000,
    });
    assert_eq!(partitions.assign(&[3]), 1);
    assert!(partitions.restored(3, restored(next)).unwrap().is_empty());
    partitions
}

fn watermarks(epoch: u64, range: Option<(i64, i64)>) -> Watermarks {
    Watermarks {
        partition: 3,
        epoch,
        range,
    }
}

#[test]
fn records_wait_while_their_partition_is_restored_and_are_nobodys_once_it_is_given_up() {
    let mut partitions = Partitions::new(Open::default());
    assert!(partitions.are_restored() && !partitions.is_ready_member());
    partitions.note_generation(Some(Generation(7)));
    partitions.note_generation(None);
    assert_eq!(partitions.generation(), Some(Generation(7)));
    assert!(partitions.is_ready_member(), "it waits to take over");
    assert_eq!(partitions.assign(&[3, 4]), 1);
    assert!(partitions.accept(record(3, 5)).is_none());
    assert!(!partitions.are_restored() && !partitions.is_ready_member());
    let early = partitions.restored(3, restored(5)).unwrap();
    assert_eq!((early.len(), early[0].offset), (1, 5));
    assert!(partitions.restored(3, restored(5)).is_none(), "once");
    assert!(partitions.restored(9, restored(5)).is_none(), "not ours");
    assert_eq!(partitions.accept(record(3, 6)).unwrap().offset, 6);
    assert!(partitions.ready(3).is_some() && partitions.ready(4).is_none());
    let count = partitions.count();
    assert_eq!((count.ready, count.owned), (1, 2));
    partitions.give_up(&[3]);
    assert!(partitions.accept(record(3, 7)).is_none());
    assert_eq!(partitions.assign(&[3]), 2);
    let are_ours = [(3, 1), (3, 2), (4, 1), (5, 1)];
    let are_ours = are_ours.map(|(partition, epoch)| partitions.is_ours(partition, epoch));
    assert_eq!(are_ours, [false, true, true, false]);
    partitions.clear();
    partitions.forget_generation();
    assert_eq!(
        (partitions.count().owned, partitions.generation()),
        (0, None)
    );
}

#[test]
fn a_later_offset_is_a_gap_to_be_asked_about_and_an_earlier_one_a_topic_made_again() {
    let mut partitions = processing(10);
    assert_eq!(partitions.consumed(&record(3, 10)), None);
    assert_eq!(partitions.next_question(), None);
    assert_eq!(partitions.ask(false, NOW), []);
    assert_eq!(partitions.consumed(&record(3, 15)), None);
    assert_eq!(partitions.next_question(), Some(NOW));
    assert_eq!(partitions.ask(false, NOW), [(3, 1)]);
    assert_eq!(partitions.ask(false, NOW), [], "it was asked");
    assert_eq!(partitions.ask(true, NOW), [(3, 1)]);
    let made_again = OutOfRange {
        partition: 3,
        expected: 16,
        next: 2,
    };
    assert_eq!(partitions.consumed(&record(3, 2)), Some(made_again));
    assert_eq!(partitions.consumed(&record(4, 2)), None, "not ours");
}

#[test]
fn watermarks_say_how_far_behind_we_are_and_what_was_deleted_unread() {
    let mut partitions = processing(10);
    let lag = |partitions: &mut Partitions, epoch, range| {
        partitions.take_watermarks(&watermarks(epoch, range))
    };
    assert_eq!(lag(&mut partitions, 1, Some((0, 14))), (Some(4), None));
    assert_eq!(lag(&mut partitions, 1, Some((0, 9))), (Some(0), None));
    assert_eq!(lag(&mut partitions, 1, None), (None, None));
    assert_eq!(lag(&mut partitions, 2, Some((0, 14))), (None, None));
    partitions.consumed(&record(3, 15));
    partitions.ask(true, NOW);
    let lost = OutOfRange {
        partition: 3,
        expected: 10,
        next: 12,
    };
    let told = lag(&mut partitions, 1, Some((12, 20)));
    assert_eq!(told, (Some(4), Some(lost)));
}

#[test]
fn all_that_are_ours_are_paused_and_those_that_are_processed_go_on() {
    let mut partitions = processing(0);
    partitions.assign(&[4]);
    partitions.consumed(&record(3, 0));
    assert_eq!(partitions.turn(), None);
    partitions.consumed(&record(3, 1));
    let open = partitions.open();
    assert_eq!((open.records, open.bytes), (2, 4));
    let paused = (IntakeSwitch::Pause, open, vec![3, 4]);
    assert_eq!(partitions.turn(), Some(paused));
    assert!(partitions.is_paused());
    partitions.close_offset(3, 0);
    let resumed = (IntakeSwitch::Resume, partitions.open(), vec![3]);
    assert_eq!(partitions.turn(), Some(resumed));
    assert!(!partitions.is_paused());
}

#[test]
fn a_share_is_that_of_the_partitions_and_never_nothing() {
    let mut partitions = Partitions::new(Open::default());
    assert_eq!(partitions.share_of(120), 1, "none is ours");
    partitions.assign(&[0, 1, 2]);
    assert_eq!(partitions.share_of(120), 120, "of how many is not known");
    partitions.note_total(12);
    assert_eq!(partitions.share_of(120), 30);
    assert_eq!(partitions.share_of(1), 1);
}

#[test]
fn accounts_are_counted_for_the_project_that_they_are_confirmed_in() {
    let project = |id: &str| Project {
        id: Some(id.to_owned()),
        requests_per_minute: NonZeroU32::MIN,
    };
    let projects = Projects::new(["one", "two"].map(project).to_vec());
    let mut partitions = processing(0);
    for (id, project, phase) in [
        ("a", "one", "active"),
        ("b", "two", "active"),
        ("c", "two", "degraded"),
        ("d", "two", "unlinked"),
    ] {
        let state = serde_json::json!({
            "account_id": id, "project_id": project, "state": phase, "version": 1
        });
        let id = AccountId::try_from(id).unwrap();
        let key = AccountKey { partition: 3, id };
        partitions.wrote(&key, Some(state.to_string().as_bytes()));
        assert_eq!(partitions.state_of(&key).unwrap().version, 1);
    }
    let confirmed = [0, 1].map(|lane| partitions.confirmed(lane, &projects));
    assert_eq!(confirmed, [1, 2]);
}

#[test]
fn a_replica_that_does_not_know_how_many_partitions_there_are_looks_nothing_up() {
    let start = Monotonic::START;
    let mut partitions = Partitions::new(Open::default());
    partitions.assign(&[0, 1, 2]);
    let mut gate = Gate::new(NonZeroU32::new(900).unwrap(), start);
    let mut share = |partitions: &Partitions| {
        let count = partitions.count();
        gate.set_share(count.owned, count.total, start);
        gate.wait(start)
    };
    assert_eq!(share(&partitions), None);
    partitions.note_total(0);
    assert_eq!(share(&partitions), None, "0 tells nothing");
    partitions.note_total(12);
    // A quarter of 15 a second.
    let first = share(&partitions).unwrap();
    assert!((first.as_secs_f64() - 4.0 / 15.0).abs() < 1e-6, "{first:?}");
    partitions.note_total(0);
    assert_eq!(partitions.count().total, 12, "what was told stays");
}
