use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;
use uuid::Uuid;

use super::*;
use crate::observed::Triggers;
use crate::scrape::Counts;

fn expectation(version: u64, event: LifecycleType, status: &'static str) -> Expectation {
    Expectation {
        account: "acc-1".to_owned(),
        label: "Globex, HiBob".to_owned(),
        version,
        event,
        status: Some(status),
        by_listing: false,
    }
}

fn story() -> Expectations {
    Expectations {
        events: vec![
            expectation(1, LifecycleType::Linked, "active"),
            expectation(2, LifecycleType::Degraded, "error"),
            expectation(3, LifecycleType::Recovered, "active"),
        ],
        ..Expectations::default()
    }
}

fn sighting(expectation: &Expectation) -> Sighting {
    Sighting {
        id: Uuid::from_u64_pair(0, expectation.version),
        account: expectation.account.clone(),
        version: expectation.version,
        event: expectation.event.to_string(),
        status: expectation.status.map(str::to_owned),
        by_listing: expectation.by_listing,
    }
}

fn as_expected() -> Observed {
    let lifecycle: Vec<_> = story().events.iter().map(sighting).collect();
    Observed {
        linked: vec![lifecycle[0].clone()],
        processor: Counts {
            emitted: lifecycle.len() as u64,
            ..Counts::default()
        },
        lifecycle,
        ..Observed::default()
    }
}

fn complaints(expected: &Expectations, seen: &Observed) -> Vec<String> {
    judge(expected, seen)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_story_that_went_as_it_must_gives_no_cause_for_complaint() {
    assert_eq!(complaints(&story(), &as_expected()), [""; 0]);
}

#[test]
fn a_missing_event_is_named_with_its_account() {
    let mut seen = as_expected();
    seen.lifecycle.pop();
    seen.processor.emitted -= 1;
    let expected = "expected account.recovered of acc-1 (Globex, HiBob), version 3, status active: not seen within 20 s";
    assert_eq!(complaints(&story(), &seen), [expected]);
}

#[test]
fn an_event_too_many_is_named() {
    let mut seen = as_expected();
    seen.lifecycle.push(sighting(&expectation(
        4,
        LifecycleType::Refreshed,
        "active",
    )));
    seen.processor.emitted += 1;
    let expected = "unexpected account.refreshed of acc-1, version 4, status active";
    assert_eq!(complaints(&story(), &seen), [expected]);
}

#[test]
fn an_event_that_comes_twice_or_out_of_order_is_named() {
    let mut seen = as_expected();
    seen.lifecycle.push(seen.lifecycle[2].clone());
    let found = complaints(&story(), &seen);
    assert!(
        found[0].starts_with("seen twice: account.recovered of acc-1"),
        "{found:?}"
    );
    let mut seen = as_expected();
    seen.lifecycle.swap(1, 2);
    let expected = "events of acc-1 have versions [1, 3, 2], not 1, 2, 3, …";
    assert_eq!(complaints(&story(), &seen), [expected]);
}

#[test]
fn the_linked_topic_has_what_was_linked_and_nothing_else() {
    let mut seen = as_expected();
    seen.linked.clear();
    assert!(complaints(&story(), &seen)[0].contains("linked topic holds 0 events"));
}

#[test]
fn what_was_accepted_is_on_kafka_as_it_came() {
    let (body, other) = (b"{ }".to_vec(), b"{}".to_vec());
    let expected = Expectations {
        bytes: vec![(Topic::Unrecognized, body.clone())],
        accepted: 1,
        ..story()
    };
    let mut seen = as_expected();
    assert_eq!(complaints(&expected, &seen).len(), 2);
    seen.values.insert(Topic::Unrecognized, vec![other]);
    assert_eq!(
        complaints(&expected, &seen),
        ["not on Unrecognized byte for byte: { }"]
    );
    seen.values.insert(Topic::Unrecognized, vec![body]);
    assert_eq!(complaints(&expected, &seen), [""; 0]);
}

#[test]
fn a_record_that_nobody_has_accounted_for_is_a_complaint() {
    let mut seen = as_expected();
    seen.values
        .insert(Topic::AccountEvents, vec![b"{}".to_vec()]);
    let expected = Expectations {
        accepted: 1,
        ..story()
    };
    let found = complaints(&expected, &seen);
    assert_eq!(
        found,
        ["account events that the processor has accounted for: expected 1, found 0"]
    );
}

/// One account was lost and found by listing, another was known.
fn resync() -> (Expectations, Observed) {
    let (mut expected, mut seen) = (story(), as_expected());
    expected.events[0].by_listing = true;
    expected.triggers = Triggers {
        listed: 2,
        markers: 6,
    };
    (expected.unheard, expected.lost) = (1, 1);
    seen.lifecycle[0].by_listing = true;
    seen.triggers = expected.triggers;
    let dispositions = [
        ("emitted", 1),
        ("skipped:marker", 6),
        ("skipped:unchanged", 1),
    ];
    let dispositions = dispositions.map(|(name, count)| (name.to_owned(), count));
    seen.processor.dispositions = dispositions.into();
    (expected, seen)
}

#[test]
fn triggers_of_a_resync_are_accounted_for_and_are_no_webhooks() {
    let (expected, seen) = resync();
    assert_eq!(seen.stored(), 0);
    assert_eq!(complaints(&expected, &seen), [""; 0]);
}

#[test]
fn an_event_that_should_have_been_found_by_listing_must_not_come_of_a_webhook() {
    let (expected, mut seen) = resync();
    seen.lifecycle[0].by_listing = false;
    let found = complaints(&expected, &seen);
    assert!(
        found[0].contains("status active, found by listing: not seen"),
        "{found:?}"
    );
}

#[test]
fn a_resync_that_lists_too_little_or_heals_what_was_not_lost_is_a_complaint() {
    let (mut expected, mut seen) = resync();
    expected.lost = 0;
    seen.triggers.listed = 1;
    seen.processor.dispositions.remove("skipped:unchanged");
    let wrong = [
        "webhooks that were lost: expected 1, found 0",
        "accounts that were listed: expected 2, found 1",
        "listed accounts that were unchanged: expected 1, found 0",
    ];
    assert_eq!(complaints(&expected, &seen), wrong);
}
