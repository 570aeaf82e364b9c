mod answers;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountState, Pending};

use super::*;
use crate::api_gate::batch::BatchSettings;
use crate::api_gate::{Project, Projects};
use crate::offsets::open_records::Open;
use crate::processor::input::{Position, Restored};
use crate::processor::tests::settings;
use crate::reconcile::unknown_account;
use crate::state::store::StateStore;
use crate::work::Failures;

const SECOND: Duration = Duration::from_secs(1);
const BEFORE: Monotonic = Monotonic::START;
/// At this time each project's bucket has one token.
const NOW: Now = Now {
    monotonic: Monotonic::after_start(SECOND),
    wall: Timestamp::UNIX_EPOCH,
};
const LATER: Monotonic = Monotonic::after_start(Duration::from_secs(60));
const LISTS: BatchSettings = BatchSettings {
    threshold: 10,
    max_ids: 50,
};

/// Returns two projects with a request a second each, one lookup under way at most, and room for
/// `pending` accounts.
fn scheduler(pending: usize) -> Scheduler {
    let project = |id: &str| Project {
        id: Some(id.to_owned()),
        requests_per_minute: NonZeroU32::new(60).unwrap(),
    };
    let settings = settings();
    let settings = DecisionSettings {
        projects: Arc::new(Projects::new(["one", "two"].map(project).to_vec())),
        limits: Limits {
            lookups: 1,
            pending,
            ..settings.limits
        },
        batch: LISTS,
        ..DecisionSettings::clone(&settings)
    };
    let mut scheduler = Scheduler::new(&settings, BEFORE);
    scheduler.share_budgets(1, 1, BEFORE);
    scheduler
}

fn key(id: &str) -> AccountKey {
    let id = AccountId::try_from(id).unwrap();
    AccountKey { partition: 0, id }
}

fn triggers(total: u64) -> Work {
    let work = Work::nothing(Trigger::Webhook, NOW.wall);
    let pending = Pending {
        total,
        ..work.pending.clone()
    };
    Work { pending, ..work }
}

/// Returns partition 0 with states that have these numbers of undecided triggers.
fn partitions(undecided: &[(&str, u64)]) -> Partitions {
    let mut partitions = Partitions::new(Open::default());
    partitions.assign(&[0]);
    let restored = Restored {
        states: StateStore::default(),
        partitions: 1,
        position: Position::default(),
    };
    partitions.restored(0, restored);
    for (id, total) in undecided {
        let key = key(id);
        let state = AccountState {
            pending: Some(triggers(*total).pending),
            ..unknown_account(&key.id)
        };
        partitions.wrote(&key, Some(&serde_json::to_vec(&state).unwrap()));
    }
    partitions
}

/// Returns an account of the second project that is in the overflow.
fn outside(ready: Monotonic, in_a_row: u32) -> Spilled {
    let failures = Failures {
        in_a_row,
        ..Failures::default()
    };
    Spilled {
        lane: 1,
        ready,
        total: 3,
        since: None,
        failures,
    }
}

fn taken(scheduler: &mut Scheduler, partitions: &Partitions, now: Now) -> Option<(usize, String)> {
    let (lane, keys) = scheduler.take_next(partitions, now, |_, _| false)?;
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    Some((lane, ids.join(" ")))
}

fn at(monotonic: Monotonic) -> Now {
    Now { monotonic, ..NOW }
}

#[test]
fn a_new_trigger_ends_a_wait_outside_of_the_queue_and_no_backoff() {
    for (in_a_row, ready) in [(0, NOW.monotonic), (1, LATER)] {
        let mut scheduler = scheduler(10);
        scheduler.overflow.put(key("a"), outside(LATER, in_a_row));
        let partitions = partitions(&[("a", 3)]);
        scheduler.enqueue(key("a"), 1, triggers(1), &partitions, NOW);
        assert_eq!(scheduler.queue.next_ready(1), Some(ready), "{in_a_row}");
        assert_eq!(scheduler.overflow.total(), 0);
        assert_eq!(scheduler.undecided(), 4, "those of the state record, too");
        let work = scheduler.queue.waiting(&key("a")).unwrap();
        assert_eq!(work.failures.in_a_row, in_a_row, "is not forgotten");
    }
}

#[test]
fn a_look_makes_an_account_ready_unless_it_backs_off() {
    for (in_a_row, ready, looked) in [
        (0, LATER, NOW.monotonic),
        (0, BEFORE, BEFORE),
        (1, LATER, LATER),
    ] {
        let mut scheduler = scheduler(10);
        scheduler.overflow.put(key("a"), outside(ready, in_a_row));
        scheduler.queue_look(key("a"), 1, NOW);
        assert_eq!(scheduler.overflow.first(1), Some((looked, &key("a"))));
        assert_eq!(scheduler.queue.next_ready(1), None);
    }
}

#[test]
fn a_look_is_queued_where_there_is_room_and_with_what_is_queued() {
    let mut scheduler = scheduler(1);
    scheduler.queue.add(key("a"), 1, triggers(2), LATER);
    assert_eq!((scheduler.room(0), scheduler.room(1)), (1, 0));
    for (id, named) in [("a", 0), ("b", 1), ("c", 0)] {
        scheduler.queue_look(key(id), named, NOW);
    }
    let lanes = ["a", "b", "c", "d"].map(|id| scheduler.lane_of(&key(id)));
    assert_eq!(lanes, [Some(1), Some(1), Some(0), None]);
    let ready = Some(NOW.monotonic);
    assert_eq!(
        [0, 1].map(|lane| scheduler.queue.next_ready(lane)),
        [ready; 2]
    );
    let outside = scheduler.overflow.first(1);
    assert_eq!(outside, Some((NOW.monotonic, &key("b"))));
    assert_eq!(scheduler.undecided(), 2, "looks are no triggers");
}

#[test]
fn queued_accounts_of_a_partition_given_up_are_forgotten_and_counted() {
    let mut scheduler = scheduler(10);
    let elsewhere = AccountKey {
        partition: 1,
        ..key("x")
    };
    scheduler.queue.add(key("a"), 0, triggers(2), LATER);
    scheduler.queue.add(elsewhere, 0, triggers(5), LATER);
    scheduler.overflow.put(key("b"), outside(LATER, 0));
    assert_eq!(scheduler.undecided(), 10);
    assert_eq!(scheduler.give_up(&[0]), 5);
    assert_eq!(scheduler.undecided(), 5);
}

#[test]
fn projects_take_turns_and_none_has_more_under_way_than_it_may() {
    let (mut scheduler, mut partitions) = (scheduler(10), partitions(&[]));
    for (id, lane) in [("a", 0), ("b", 0), ("c", 1)] {
        scheduler.queue.add(key(id), lane, triggers(1), BEFORE);
    }
    assert_eq!(scheduler.next_lookup(BEFORE), Some(NOW.monotonic));
    assert_eq!(taken(&mut scheduler, &partitions, at(BEFORE)), None);
    let mut take = |now| taken(&mut scheduler, &partitions, now);
    assert_eq!(take(NOW), Some((0, "a".to_owned())));
    assert_eq!(take(NOW), Some((1, "c".to_owned())));
    assert_eq!(take(at(LATER)), None);
    assert_eq!(scheduler.next_lookup(LATER), None);
    let asked = scheduler.queue.work_in_flight(&key("a")).unwrap();
    assert_eq!(asked.pending.lookups, 1);
    for (id, epoch, is_awaited) in [("a", 1, true), ("a", 2, false), ("b", 1, false)] {
        let awaited = scheduler.is_awaited(&key(id), epoch, &partitions);
        assert_eq!(awaited, is_awaited, "{id} {epoch}");
    }
    partitions.give_up(&[0]);
    assert!(!scheduler.is_awaited(&key("a"), 1, &partitions));
    scheduler.queue.finish(&key("a"), LATER);
    assert_eq!(scheduler.next_lookup(LATER), Some(LATER));
    let next = taken(&mut scheduler, &partitions, at(LATER));
    assert_eq!(next, Some((0, "b".to_owned())));
}

#[test]
fn a_recheck_that_cannot_be_paid_lets_the_next_one_pass() {
    let (mut scheduler, partitions) = (scheduler(10), partitions(&[]));
    scheduler.queue.add(key("a"), 1, triggers(0), BEFORE);
    scheduler.queue.add(key("b"), 1, triggers(1), BEFORE);
    let is_recheck = |_, work: &Work| work.pending.total == 0;
    let (lane, keys) = scheduler.take_next(&partitions, NOW, is_recheck).unwrap();
    assert_eq!((lane, keys), (1, vec![key("b")]));
    assert!(scheduler.queue.next_ready(1) > Some(NOW.monotonic));
    let waits = scheduler.queue.waiting(&key("a")).unwrap();
    assert_eq!(waits.pending.lookups, 0, "it was not asked for");
}

#[test]
fn many_that_are_ready_are_asked_for_together() {
    for (ready, together) in [(LISTS.threshold, 1), (LISTS.threshold + 1, 11)] {
        let (mut scheduler, partitions) = (scheduler(20), partitions(&[]));
        for number in 0..ready {
            let key = key(&format!("a{number}"));
            scheduler.queue.add(key, 0, triggers(1), BEFORE);
        }
        let (_, keys) = scheduler.take_next(&partitions, NOW, |_, _| false).unwrap();
        assert_eq!(keys.len(), together);
        for key in &keys {
            let asked = scheduler.queue.work_in_flight(key).unwrap();
            assert_eq!(asked.pending.lookups, 1);
        }
    }
}

#[test]
fn accounts_without_room_come_back_when_their_turn_comes() {
    let (mut scheduler, partitions) = (scheduler(1), partitions(&[("b", 3)]));
    scheduler.queue_restored(key("a"), 1, triggers(1), BEFORE);
    scheduler.queue_restored(key("b"), 1, triggers(3), LATER);
    assert_eq!(scheduler.overflow.first(1), Some((LATER, &key("b"))));
    let first = taken(&mut scheduler, &partitions, NOW);
    assert_eq!(first, Some((1, "a".to_owned())));
    scheduler.queue.finish(&key("a"), NOW.monotonic);
    assert_eq!(scheduler.next_lookup(NOW.monotonic), Some(LATER));
    assert_eq!(taken(&mut scheduler, &partitions, NOW), None);
    let second = taken(&mut scheduler, &partitions, at(LATER));
    assert_eq!(second, Some((1, "b".to_owned())));
    assert_eq!(scheduler.queue.total(&key("b")), 3);
}

#[test]
fn no_more_come_back_than_are_asked_for_at_once_beside_those_there_is_room_for() {
    let (mut scheduler, partitions) = (scheduler(2), partitions(&[]));
    for number in 0..100 {
        let key = key(&format!("a{number}"));
        scheduler.overflow.put(key, outside(BEFORE, 0));
    }
    scheduler.recall_due(1, &partitions, NOW);
    assert_eq!(scheduler.queue.waiting_in(1), LISTS.max_ids);
    scheduler.queue.add(key("first"), 0, triggers(1), BEFORE);
    scheduler.recall_due(0, &partitions, NOW);
    assert_eq!(scheduler.queue.waiting_in(0), 1, "those of another project");
}

#[test]
fn accounts_over_the_limit_that_are_written_down_leave_the_queue_the_last_first() {
    let mut scheduler = scheduler(2);
    let unwritten = Work {
        open_offsets: vec![7],
        ..triggers(1)
    };
    scheduler
        .queue
        .add(key("last"), 1, unwritten, LATER + SECOND);
    for (id, seconds) in [("a", 1), ("b", 2), ("c", 3)] {
        let ready = BEFORE + SECOND * seconds;
        scheduler.queue.add(key(id), 1, triggers(1), ready);
    }
    scheduler.spill();
    assert_eq!(scheduler.queue.waiting_in(1), 2);
    let outside = ["a", "b", "c", "last"].map(|id| scheduler.overflow.take(&key(id)));
    let is_outside = outside.map(|spilled| spilled.is_some());
    assert_eq!(is_outside, [false, true, true, false]);
    let spilled = outside[1].unwrap();
    assert_eq!((spilled.lane, spilled.total), (1, 1));
    assert_eq!(spilled.since, Some(NOW.wall));
    let scheduled = Work::nothing(Trigger::Recheck, NOW.wall);
    scheduler.queue_restored(key("d"), 1, scheduled, LATER);
    assert_eq!(scheduler.overflow.take(&key("d")).unwrap().since, None);
}
