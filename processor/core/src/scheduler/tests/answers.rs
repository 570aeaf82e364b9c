//! Tests what answers change.

use stackone_client_types::ApiError;

use super::*;
use crate::api_gate::batch::{BatchAnomaly, Reading};
use crate::api_gate::breaker::Change;
use crate::reconcile::tests::found;
use crate::work::backoff::Backoff;

#[test]
fn most_lookups_that_fail_open_the_breaker_which_ends_backoffs_and_lists() {
    let (mut scheduler, partitions) = (scheduler(20), partitions(&[]));
    scheduler.queue.add(key("a"), 0, triggers(1), BEFORE);
    assert!(taken(&mut scheduler, &partitions, NOW).is_some());
    scheduler.back_off(&key("a"), |failures| {
        let longest = (Backoff::default(), 1.0);
        failures.unavailable(false, None, longest, NOW.monotonic)
    });
    assert!(scheduler.queue.next_ready(0) > Some(NOW.monotonic));
    let unavailable = ApiError::unavailable("down", None);
    let mut note = |account, error| {
        scheduler.note_availability(0, account, NOW.monotonic, error, NOW.monotonic)
    };
    assert_eq!(note(0, Some(&ApiError::Rejected { status: 400 })), None);
    let changes: Vec<_> = (1..=5).map(|one| note(one, Some(&unavailable))).collect();
    let opened = Change::Opened { failed: 5, of: 6 };
    assert_eq!(changes, [None, None, None, None, Some(opened)]);
    assert!(scheduler.gate(0).is_broken() && !scheduler.gate(1).is_broken());
    assert_eq!(scheduler.queue.next_ready(0), Some(NOW.monotonic));
    // Of many ready accounts one is sent, as a probe.
    for number in 0..=LISTS.threshold {
        let key = key(&format!("b{number}"));
        scheduler.queue.add(key, 0, triggers(1), BEFORE);
    }
    let (_, keys) = scheduler
        .take_next(&partitions, at(LATER), |_, _| false)
        .unwrap();
    assert_eq!(keys.len(), 1);
    let closed = scheduler.note_availability(0, 9, LATER, None, LATER);
    assert!(matches!(closed, Some(Change::Closed { .. })), "{closed:?}");
}

#[test]
fn an_odd_list_of_a_project_is_told_and_its_accounts_are_asked_for_alone() {
    let now = NOW.monotonic;
    let rejected = ApiError::Rejected { status: 400 };
    let odd = Reading {
        shown: Vec::new(),
        missing: Vec::new(),
        odd: Some(BatchAnomaly::NotAsked),
    };
    type Tell<'a> = &'a dyn Fn(&mut Scheduler) -> Option<BatchAnomaly>;
    let tells: [(Tell<'_>, BatchAnomaly); 2] = [
        (
            &|scheduler| scheduler.list_failed(0, &rejected, now),
            BatchAnomaly::Rejected { status: 400 },
        ),
        (
            &|scheduler| scheduler.listed(0, &odd, now),
            BatchAnomaly::NotAsked,
        ),
    ];
    for (tell, expected) in tells {
        let mut scheduler = scheduler(1);
        assert_eq!(tell(&mut scheduler), Some(expected));
        let most = [0, 1].map(|lane| scheduler.most_at_once(lane, now));
        assert_eq!(most, [1, LISTS.max_ids]);
    }
}

#[test]
fn an_account_that_a_list_left_out_and_that_exists_is_told() {
    for (left_out_of, expected) in [
        (None, None),
        (Some(2), Some(BatchAnomaly::Hidden { shown: 0, asked: 0 })),
    ] {
        let (mut scheduler, partitions) = (scheduler(1), partitions(&[]));
        scheduler.queue.add(key("a"), 0, triggers(1), BEFORE);
        taken(&mut scheduler, &partitions, NOW).unwrap();
        let a = key("a");
        let works = scheduler.queue.work_mut(&a);
        works.for_each(|work| work.failures.left_out_of = left_out_of);
        let told = scheduler.answered_alone(&a, 0, &found("active"), NOW.monotonic);
        assert_eq!(told, expected);
        scheduler.note_lookup(&a, Ok(&found("active")), NOW.wall);
        let asked = scheduler.queue.work_in_flight(&a).unwrap();
        assert!(asked.pending.last_lookup.is_some());
    }
}

#[test]
fn all_projects_count_as_refused_once_the_key_of_each_is() {
    let mut scheduler = scheduler(1);
    for (lane, all) in [(0, false), (1, true)] {
        scheduler.gate_mut(lane).refused();
        assert_eq!(scheduler.all_refused(), all);
    }
}
