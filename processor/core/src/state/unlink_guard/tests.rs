use std::collections::BTreeMap;

use proptest::prelude::*;
use stackone_link_schemas::{AccountId, Trigger};

use super::*;

const ALONE: Share = Share {
    confirmed: 100,
    owned: 12,
    all: 12,
};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_772_614_800 + 60 * minutes).unwrap()
}

fn key(number: usize) -> AccountKey {
    AccountKey {
        partition: i32::try_from(number % 12).unwrap(),
        id: AccountId::try_from(format!("a{number}")).unwrap(),
    }
}

fn grace(since: i64) -> Grace {
    Grace {
        kind: GraceKind::Vanish,
        trigger: Trigger::Recheck,
        since: at(since),
        deadline: at(since + 10),
        answers: 1,
        released_at: None,
    }
}

/// Returns a guard of one project of which `accounts` vanished at minute 0.
fn vanished(accounts: usize) -> UnlinkGuard {
    let mut guard = UnlinkGuard::new(1);
    (0..accounts).for_each(|number| guard.undecided(0, &key(number), Some(grace(0))));
    guard
}

#[test]
fn an_unlink_in_a_restored_state_counts_for_the_rest_of_its_hour() {
    let mut guard = vanished(5);
    let another = 11;
    (0..6).for_each(|_| guard.was_unlinked(0, another, at(0), at(20)));
    guard.was_unlinked(0, another, at(-40), at(20));
    assert_eq!(guard.vanished(0, at(20)), 11, "an hour is over for one");
    assert!(guard.holds(0, ALONE, at(59)));
    assert!(!guard.holds(0, ALONE, at(60)));
    guard.give_up(&[another]);
    assert_eq!(guard.vanished(0, at(20)), 5, "another's now");
}

#[test]
fn the_threshold_is_ten_or_two_in_a_hundred_of_what_a_replica_has() {
    for (confirmed, owned, all, threshold) in [
        (0, 12, 12, 10),
        (549, 12, 12, 10),
        (550, 12, 12, 11),
        (10_000, 12, 12, 200),
        (100, 6, 12, 5),
        (100, 5, 12, 5),
        (8, 1, 12, 1),
        (600, 1, 12, 12),
        (8, 0, 0, 1),
        (8, 3, 0, 1),
    ] {
        let share = Share {
            confirmed,
            owned,
            all,
        };
        assert_eq!(share.threshold(), threshold, "{share:?}");
    }
}

#[test]
fn replicas_together_allow_little_more_than_one_that_has_everything() {
    for replicas in 1..=12 {
        let share = Share {
            confirmed: 480 / replicas,
            owned: 12 / replicas,
            all: 12,
        };
        assert!(share.threshold() * replicas <= FLOOR + replicas);
    }
}

#[test]
fn more_than_the_threshold_are_held_however_long_it_takes() {
    assert!(!vanished(10).holds(0, ALONE, at(11)));
    let guard = vanished(11);
    for minutes in [0, 11, 59, 61, 100_000] {
        assert!(guard.holds(0, ALONE, at(minutes)), "after {minutes}");
    }
}

#[test]
fn the_accounts_that_are_held_are_those_that_would_be_unlinked() {
    let mut guard = vanished(11);
    guard.undecided(0, &key(11), Some(grace(5)));
    assert_eq!((guard.due(0, at(9)), guard.due(0, at(10))), (0, 11));
    assert_eq!((guard.due(0, at(15)), guard.vanished(0, at(15))), (12, 12));
}

#[test]
fn unlinks_that_were_let_go_count_for_an_hour() {
    let mut guard = vanished(10);
    (0..10).for_each(|number| guard.decided(0, &key(number), true, at(11)));
    guard.undecided(0, &key(10), Some(grace(30)));
    assert!(
        guard.holds(0, ALONE, at(59)),
        "the eleventh within the hour"
    );
    assert!(
        !guard.holds(0, ALONE, at(60)),
        "the others are an hour past"
    );
}

#[test]
fn an_account_that_answers_again_or_was_said_to_be_deleted_does_not_count_as_vanished() {
    let mut guard = vanished(12);
    guard.decided(0, &key(0), false, at(1));
    assert!(guard.holds(0, ALONE, at(1)));
    guard.undecided(0, &key(1), None);
    assert!(!guard.holds(0, ALONE, at(1)));
}

#[test]
fn a_release_is_for_those_that_vanished_before_it() {
    let mut guard = vanished(12);
    guard.undecided(0, &key(12), Some(grace(20)));
    let released: Vec<AccountKey> = guard.releasable(0, 0, at(19)).cloned().collect();
    assert_eq!(
        released,
        [key(0)],
        "neither another partition's nor a later one"
    );
    assert_eq!(guard.releasable(0, 0, at(20)).count(), 2);
    for number in 0..12 {
        let released = Grace {
            released_at: Some(at(19)),
            ..grace(0)
        };
        guard.undecided(0, &key(number), Some(released));
        guard.decided(0, &key(number), true, at(20));
    }
    assert_eq!(
        guard.vanished(0, at(20)),
        1,
        "what was released is not counted when it goes"
    );
}

#[test]
fn projects_and_partitions_are_kept_apart() {
    let mut guard = UnlinkGuard::new(2);
    (0..24).for_each(|number| guard.undecided(1, &key(number), Some(grace(0))));
    assert!(!guard.holds(0, ALONE, at(0)) && guard.holds(1, ALONE, at(0)));
    guard.give_up(&[0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(guard.vanished(1, at(0)), 10);
}

proptest! {
    /// Whatever the order of events, the guard counts as a plain list of each account's fate does;
    /// and a guard that knows only the state records holds whenever the one that saw everything
    /// does, for doubted accounts.
    #[test]
    fn the_unlink_guard_counts_as_a_plain_list_does(steps in proptest::collection::vec((0usize..30, 0u8..4), 0..200)) {
        let mut guard = UnlinkGuard::new(1);
        let mut doubted: BTreeMap<usize, Grace> = BTreeMap::new();
        let mut unlinked: Vec<Timestamp> = Vec::new();
        for (minute, (number, what)) in (0i64..).zip(steps) {
            let now = at(minute);
            match what {
                0 | 1 => {
                    let grace = doubted.get(&number).copied().unwrap_or_else(|| grace(minute));
                    doubted.insert(number, grace);
                    guard.undecided(0, &key(number), Some(grace));
                }
                2 => {
                    doubted.remove(&number);
                    guard.decided(0, &key(number), false, now);
                }
                _ => {
                    unlinked.extend(doubted.remove(&number).map(|grace| grace.since));
                    guard.decided(0, &key(number), true, now);
                }
            }
            let recent = unlinked.iter().filter(|since| now.duration_since(**since) < SignedDuration::from_mins(60));
            prop_assert_eq!(guard.vanished(0, now), doubted.len() + recent.count());
            prop_assert_eq!(guard.holds(0, ALONE, now), guard.vanished(0, now) > 10);
            let mut restored = UnlinkGuard::new(1);
            doubted.iter().for_each(|(number, grace)| restored.undecided(0, &key(*number), Some(*grace)));
            prop_assert_eq!(restored.vanished(0, now), doubted.len());
            prop_assert_eq!(restored.due(0, now), guard.due(0, now));
        }
    }
}
