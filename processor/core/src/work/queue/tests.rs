//! Tests the queue against its promises, by hand.

mod random;

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

/// Work as numbered triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbers(BTreeSet<u32>);

impl Merge for Numbers {
    fn merge(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

fn numbers(numbers: impl IntoIterator<Item = u32>) -> Numbers {
    Numbers(numbers.into_iter().collect())
}

fn queue() -> (WorkQueue<&'static str, Numbers>, Monotonic) {
    (WorkQueue::new(2), Monotonic::START)
}

/// Takes accounts, with their work.
fn take_together<K: Copy + Eq + Hash + Ord>(
    queue: &mut WorkQueue<K, Numbers>,
    now: Monotonic,
    most: usize,
    goes_with: impl Fn(&Numbers, &Numbers) -> bool,
) -> Vec<(K, Numbers)> {
    let taken = queue.take_together(0, now, most, goes_with).into_iter();
    taken
        .map(|key| (key, queue.work_in_flight(&key).unwrap().clone()))
        .collect()
}

/// Takes one account of the first lane.
fn take<K: Copy + Eq + Hash + Ord>(
    queue: &mut WorkQueue<K, Numbers>,
    now: Monotonic,
) -> Option<(K, Numbers)> {
    take_together(queue, now, 1, |_, _| false).pop()
}

#[test]
fn triggers_merge_while_they_wait_and_not_into_a_lookup_under_way() {
    let (mut queue, now) = queue();
    queue.add("a", 0, numbers([1]), now);
    queue.add("a", 0, numbers([2]), now);
    assert_eq!(take(&mut queue, now), Some(("a", numbers([1, 2]))));
    queue.add("a", 0, numbers([3]), now);
    assert_eq!(take(&mut queue, now), None, "one lookup per account");
    assert_eq!(
        queue.work_in_flight(&"a"),
        Some(&numbers([1, 2])),
        "the answer decides only what was known when it was asked"
    );
    queue.finish(&"a", now);
    assert_eq!(take(&mut queue, now), Some(("a", numbers([3]))));
    queue.finish(&"a", now);
    assert!(queue.is_empty());
}

#[test]
fn where_nothing_was_asked_nothing_is_decided_and_a_backoff_goes_on() {
    let (mut queue, now) = queue();
    let later = now + Duration::from_secs(60);
    queue.add("a", 0, numbers([1]), now);
    take(&mut queue, now);
    queue.back_off(&"a", later, |_| {});
    queue.finish(&"a", now);
    assert_eq!(take(&mut queue, now), None);
    assert_eq!(take(&mut queue, later), Some(("a", numbers([1]))));
}

#[test]
fn a_new_trigger_ends_a_recheck_wait_but_not_a_backoff() {
    let (mut queue, now) = queue();
    let later = now + Duration::from_secs(60);
    queue.add("a", 0, numbers([1]), now);
    take(&mut queue, now);
    queue.recheck(&"a", later, now, |_| {});
    assert_eq!(take(&mut queue, now), None);
    queue.add("a", 0, numbers([2]), now);
    assert_eq!(take(&mut queue, now), Some(("a", numbers([1, 2]))));
    queue.back_off(&"a", later, |_| {});
    queue.add("a", 0, numbers([3]), now);
    assert_eq!(take(&mut queue, now), None);
    assert_eq!(take(&mut queue, later), Some(("a", numbers([1, 2, 3]))));
}

#[test]
fn an_answer_makes_room_for_another_lookup_before_it_is_decided() {
    let (mut queue, now) = queue();
    queue.add("a", 0, numbers([1]), now);
    take(&mut queue, now);
    queue.answered(&"a");
    assert_eq!((queue.in_flight_of(0), take(&mut queue, now)), (0, None));
    queue.answered(&"a");
    queue.finish(&"a", now);
    assert_eq!((queue.in_flight_of(0), queue.len()), (0, 0), "counted once");
}

#[test]
fn lanes_do_not_wait_for_each_other() {
    let (mut queue, now) = queue();
    (0..3).for_each(|_| queue.add("a", 0, numbers([1]), now));
    queue.add("b", 1, numbers([2]), now);
    let taken = queue.take_together(1, now, 1, |_, _| false);
    assert_eq!(taken, ["b"]);
}

#[test]
fn accounts_taken_together_are_in_flight_as_one_until_all_of_them_are_done_with() {
    let (mut queue, now) = queue();
    for (key, number) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        queue.add(key, 0, numbers([number]), now);
    }
    queue.add("later", 0, numbers([5]), now + Duration::from_secs(1));
    assert_eq!(
        (
            queue.count_ready(0, now, 9),
            queue.count_ready(0, now, 2),
            queue.count_ready(1, now, 9)
        ),
        (4, 2, 0)
    );
    let not_b = |_: &Numbers, work: &Numbers| *work != numbers([2]);
    let taken = take_together(&mut queue, now, 3, not_b);
    assert_eq!(taken, [("a", numbers([1])), ("c", numbers([3]))]);
    assert_eq!(
        take(&mut queue, now),
        Some(("b", numbers([2]))),
        "what does not go with the first keeps its place"
    );
    assert_eq!((queue.in_flight_of(0), queue.in_flight_of(1)), (2, 0));
    queue.add("a", 0, numbers([6]), now);
    queue.finish(&"a", now);
    assert_eq!(queue.in_flight(), 2);
    queue.back_off(&"c", now, |_| {});
    assert_eq!(queue.in_flight(), 1);
    queue.remove_where(|key| *key == "b");
    assert_eq!(queue.in_flight(), 0);
}

#[test]
fn an_account_that_is_asked_for_again_has_its_former_place_and_what_came_since() {
    let (mut queue, now) = queue();
    let second = Duration::from_secs(1);
    queue.add("a", 0, numbers([1]), now);
    queue.add("b", 0, numbers([2]), now + second);
    let later = now + 2 * second;
    assert_eq!(take(&mut queue, later), Some(("a", numbers([1]))));
    queue.add("a", 0, numbers([3]), later);
    queue.ask_again(&"a", later, |_| {});
    assert_eq!(take(&mut queue, later), Some(("a", numbers([1, 3]))));
}

#[test]
fn backoffs_that_end_leave_other_waits_and_the_order_as_they_are() {
    let (mut queue, now) = queue();
    let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(60));
    for (key, number) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        queue.add(key, 0, numbers([number]), now);
        take(&mut queue, now);
    }
    queue.back_off(&"b", later, |_| {});
    queue.back_off(&"a", later, |_| {});
    queue.back_off(&"c", later, |_| {});
    queue.recheck(&"d", later, now, |_| {});
    let earliest = |work: &mut Numbers| (*work != numbers([3])).then_some(soon);
    queue.end_backoffs(0, earliest);
    queue.add("a", 0, numbers([5]), now);
    assert_eq!(take(&mut queue, now), None, "no sooner than that");
    assert_eq!(take(&mut queue, soon), Some(("b", numbers([2]))));
    assert_eq!(take(&mut queue, soon), Some(("a", numbers([1, 5]))));
    assert_eq!(take(&mut queue, soon), None);
    assert_eq!(queue.count_ready(0, later, 9), 2);
}
