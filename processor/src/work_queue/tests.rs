//! The queue against its promises, by hand and at random.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Triggers by number.
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

fn queue() -> (WorkQueue<&'static str, Numbers>, Instant) {
    (WorkQueue::new(2), Instant::now())
}

#[test]
fn triggers_merge_while_they_wait_and_not_into_a_lookup_under_way() {
    let (mut queue, now) = queue();
    queue.add("a", 0, numbers([1]), now);
    queue.add("a", 0, numbers([2]), now);
    assert_eq!(queue.take(0, now), Some(("a", numbers([1, 2]))));
    queue.add("a", 0, numbers([3]), now);
    assert_eq!(queue.take(0, now), None, "one lookup per account");
    assert_eq!(
        queue.asked(&"a"),
        Some(&numbers([1, 2])),
        "the answer decides only what was known when it was asked"
    );
    queue.finish(&"a", now);
    assert_eq!(queue.take(0, now), Some(("a", numbers([3]))));
    queue.finish(&"a", now);
    assert!(queue.is_empty());
}

#[test]
fn a_new_trigger_ends_a_recheck_wait_but_not_a_backoff() {
    let (mut queue, now) = queue();
    let later = now + Duration::from_secs(60);
    queue.add("a", 0, numbers([1]), now);
    queue.take(0, now);
    queue.recheck(&"a", later, now, |_| {});
    assert_eq!(queue.take(0, now), None);
    queue.add("a", 0, numbers([2]), now);
    assert_eq!(queue.take(0, now), Some(("a", numbers([1, 2]))));
    queue.back_off(&"a", later, |_| {});
    queue.add("a", 0, numbers([3]), now);
    assert_eq!(queue.take(0, now), None);
    assert_eq!(queue.take(0, later), Some(("a", numbers([1, 2, 3]))));
}

#[test]
fn an_answer_makes_room_for_another_lookup_before_it_is_decided() {
    let (mut queue, now) = queue();
    queue.add("a", 0, numbers([1]), now);
    queue.take(0, now);
    queue.answered(&"a");
    assert_eq!((queue.in_flight_of(0), queue.take(0, now)), (0, None));
    queue.answered(&"a");
    queue.finish(&"a", now);
    assert_eq!((queue.in_flight_of(0), queue.len()), (0, 0), "counted once");
}

#[test]
fn lanes_do_not_wait_for_each_other() {
    let (mut queue, now) = queue();
    (0..3).for_each(|_| queue.add("a", 0, numbers([1]), now));
    queue.add("b", 1, numbers([2]), now);
    assert_eq!(queue.take(1, now), Some(("b", numbers([2]))));
}

#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Take,
    Answer(u8),
    Finish(u8),
    Recheck(u8),
    BackOff(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..4).prop_map(Step::Add),
        3 => Just(Step::Take),
        2 => (0u8..4).prop_map(Step::Answer),
        2 => (0u8..4).prop_map(Step::Finish),
        1 => (0u8..4).prop_map(Step::Recheck),
        1 => (0u8..4).prop_map(Step::BackOff),
    ]
}

proptest! {
    /// Never two lookups of one account at once, nothing forgotten, nothing decided that was not asked for.
    #[test]
    fn nothing_is_forgotten_or_asked_twice(steps in proptest::collection::vec(step(), 1..200)) {
        let mut queue: WorkQueue<u8, Numbers> = WorkQueue::new(1);
        let mut now = Instant::now();
        let mut asked: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
        let mut answered: BTreeSet<u8> = BTreeSet::new();
        let mut open: BTreeSet<u32> = BTreeSet::new();
        for (number, step) in (0u32..).zip(steps) {
            now += Duration::from_secs(1);
            let wait = now + Duration::from_secs(3);
            match step {
                Step::Add(key) => {
                    open.insert(number);
                    queue.add(key, 0, numbers([number]), now);
                }
                Step::Take => if let Some((key, Numbers(work))) = queue.take(0, now) {
                    prop_assert!(asked.insert(key, work).is_none(), "asked twice at once");
                },
                Step::Answer(key) => {
                    queue.answered(&key);
                    answered.extend(asked.contains_key(&key).then_some(key));
                }
                Step::Finish(key) => {
                    queue.finish(&key, now);
                    asked.remove(&key).into_iter().flatten().for_each(|number| { open.remove(&number); });
                }
                Step::Recheck(key) => {
                    queue.recheck(&key, wait, now, |_| {});
                    asked.remove(&key);
                }
                Step::BackOff(key) => {
                    queue.back_off(&key, wait, |_| {});
                    asked.remove(&key);
                }
            }
            answered.retain(|key| asked.contains_key(key));
            prop_assert_eq!(queue.in_flight(), asked.len() - answered.len());
        }
        now += Duration::from_secs(60);
        for key in asked.into_keys() {
            queue.recheck(&key, now, now, |_| {});
        }
        let mut drained = BTreeSet::new();
        while let Some((key, Numbers(work))) = queue.take(0, now) {
            drained.extend(work);
            queue.finish(&key, now);
        }
        prop_assert_eq!(drained, open);
        prop_assert!(queue.is_empty());
    }
}
