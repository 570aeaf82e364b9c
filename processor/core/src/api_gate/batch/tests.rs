//! Tests which anomalies lists show, and when requests ask for fewer accounts.

mod readings;

use jiff::Timestamp;
use proptest::prelude::*;
use stackone_link_schemas::{AccountId, Grace};

use super::*;
use crate::reconcile::tests::{account, found};
use crate::work::AccountKey;

const SETTINGS: BatchSettings = BatchSettings {
    threshold: 3,
    max_ids: 5,
};

fn asked(ids: &[&str]) -> Vec<Asked> {
    let asked = |id: &&str| Asked {
        key: AccountKey {
            partition: 0,
            id: AccountId::try_from(*id).unwrap(),
        },
        epoch: 1,
    };
    ids.iter().map(asked).collect()
}

/// Reads a list that shows `listed` where `ids` were asked for.
fn reading(ids: &[&str], listed: &[&str]) -> Reading {
    let accounts = listed
        .iter()
        .map(|id| ((*id).to_owned(), account(&format!("status of {id}"))));
    read(asked(ids), accounts.collect())
}

/// Returns the size of the next request where `ready` accounts are ready.
fn size(batching: &Batching, ready: usize, now: Monotonic) -> usize {
    batching.size(now, |limit| ready.min(limit))
}

fn unavailable() -> ApiError {
    ApiError::Unavailable {
        reason: "status 503".to_owned(),
        retry_after: None,
        source: None,
    }
}

#[test]
fn several_are_asked_for_where_more_than_the_threshold_are_ready() {
    let (batching, now) = (Batching::new(SETTINGS), Monotonic::START);
    assert_eq!(
        [0, 1, 3, 4, 5, 1000].map(|ready| size(&batching, ready, now)),
        [1, 1, 1, 5, 5, 5]
    );
    assert_eq!(batching.appetite(now), 5);
    let off = Batching::new(BatchSettings {
        max_ids: 1,
        ..SETTINGS
    });
    assert_eq!((size(&off, 1000, now), off.appetite(now)), (1, 1));
    let patient = Batching::new(BatchSettings {
        threshold: 8,
        ..SETTINGS
    });
    assert_eq!(patient.appetite(now), 9);
}

#[test]
fn a_list_that_is_odd_or_rejected_is_not_asked_for_a_while_and_that_is_told_once() {
    let now = Monotonic::START;
    let rejected = ApiError::Rejected { status: 400 };
    let garbage = ApiError::Unreadable {
        reason: "html".to_owned(),
    };
    let show = |batching: &mut Batching, listed: &[&str]| {
        batching.listed(&reading(&["a", "b"], listed), now)
    };
    let fail = |batching: &mut Batching, error| batching.failed(error, now, |_| false);
    type Happens<'a> = &'a dyn Fn(&mut Batching) -> Option<BatchAnomaly>;
    let rows: [(BatchAnomaly, Happens<'_>); 4] = [
        (BatchAnomaly::NotAsked, &|batching| {
            show(batching, &["a", "b", "x"])
        }),
        (BatchAnomaly::Repeated, &|batching| {
            show(batching, &["a", "b", "b"])
        }),
        (BatchAnomaly::Rejected { status: 400 }, &|batching| {
            fail(batching, &rejected)
        }),
        (BatchAnomaly::Unreadable, &|batching| {
            fail(batching, &garbage)
        }),
    ];
    for (odd, happens) in rows {
        let mut batching = Batching::new(SETTINGS);
        assert_eq!(happens(&mut batching), Some(odd));
        assert_eq!(size(&batching, 1000, now), 1, "{odd}");
        assert_eq!(happens(&mut batching), None, "{odd} is no news");
        let later = now + LIMITED_FOR;
        assert_eq!(size(&batching, 1000, later), 5, "{odd} is forgotten");
    }
}

#[test]
fn an_account_that_a_list_leaves_out_is_asked_for_alone_first_and_tells_why() {
    let now = Monotonic::START;
    let mut batching = Batching::new(SETTINGS);
    let short = reading(&["a", "b", "c", "d", "e"], &["a", "b", "c"]);
    assert_eq!(batching.listed(&short, now), None);
    assert_eq!(size(&batching, 1000, now), 1, "it is open why");
    batching.answered_alone(&found("active"), false, now);
    assert_eq!(
        size(&batching, 1000, now),
        1,
        "another account tells nothing"
    );
    assert_eq!(batching.answered_alone(&Lookup::NotFound, true, now), None);
    assert_eq!(size(&batching, 1000, now), 5, "it does not exist");

    assert_eq!(batching.listed(&short, now), None);
    let hidden = BatchAnomaly::Hidden { shown: 3, asked: 5 };
    assert_eq!(
        batching.answered_alone(&found("active"), true, now),
        Some(hidden)
    );
    assert_eq!(size(&batching, 1000, now), 3, "no more than it shows");
    assert_eq!(batching.answered_alone(&found("active"), true, now), None);
    assert_eq!(size(&batching, 1000, now + LIMITED_FOR), 5);
}

#[test]
fn a_list_that_shows_none_of_what_exists_is_not_asked_for_a_while() {
    let now = Monotonic::START;
    let mut batching = Batching::new(SETTINGS);
    assert_eq!(batching.listed(&reading(&["a", "b"], &[]), now), None);
    let hidden = BatchAnomaly::Hidden { shown: 0, asked: 2 };
    assert_eq!(
        batching.answered_alone(&found("active"), true, now),
        Some(hidden)
    );
    assert_eq!(size(&batching, 1000, now), 1);
}

#[test]
fn a_lookup_that_never_tells_does_not_end_batches_for_good() {
    let now = Monotonic::START;
    let mut batching = Batching::new(SETTINGS);
    batching.listed(&reading(&["a", "b"], &["a"]), now);
    assert_eq!(size(&batching, 1000, now + UNEXPLAINED_FOR), 5);
}

#[test]
fn a_rate_limit_and_an_outage_say_nothing_about_lists() {
    let now = Monotonic::START;
    let mut batching = Batching::new(SETTINGS);
    let limited = ApiError::RateLimited { retry_after: None };
    assert_eq!(batching.failed(&limited, now, |_| true), None);
    batching.answered_alone(&found("active"), false, now);
    for _ in 0..10 {
        assert_eq!(batching.failed(&unavailable(), now, |_| true), None);
    }
    assert_eq!(size(&batching, 1000, now), 5);
}

#[test]
fn lists_that_fail_while_single_lookups_are_answered_are_not_asked_for_a_while() {
    let now = Monotonic::START;
    let mut batching = Batching::new(SETTINGS);
    let fail_after_an_answer = |batching: &mut Batching| {
        batching.answered_alone(&found("active"), false, now);
        batching.failed(&unavailable(), now, |_| true)
    };
    for _ in 1..STRIKES {
        assert_eq!(fail_after_an_answer(&mut batching), None);
    }
    batching.listed(&reading(&["a"], &["a"]), now);
    for _ in 1..STRIKES {
        assert_eq!(fail_after_an_answer(&mut batching), None, "a list came");
    }
    assert_eq!(
        fail_after_an_answer(&mut batching),
        Some(BatchAnomaly::Unavailable)
    );
    assert_eq!(size(&batching, 1000, now), 1);
}

#[test]
fn a_refusal_is_about_the_key_unless_a_probe_was_accepted_since_the_last_one() {
    let now = Monotonic::START;
    let refused = ApiError::Refused { status: 403 };
    let mut batching = Batching::new(SETTINGS);
    assert_eq!(batching.failed(&refused, now, |_| true), None);
    assert_eq!(batching.failed(&refused, now, |_| false), None);
    assert_eq!(size(&batching, 1000, now), 5);
    let odd = batching.failed(&refused, now, |since| since == now);
    assert_eq!(odd, Some(BatchAnomaly::Refused));
    assert_eq!(size(&batching, 1000, now), 1);
}

#[test]
fn an_account_that_may_be_gone_was_left_out_or_is_rechecked_is_in_no_batch() {
    let webhook = Work::nothing(Trigger::Webhook, Timestamp::UNIX_EPOCH);
    let recheck = Work::nothing(Trigger::Recheck, Timestamp::UNIX_EPOCH);
    let deleted = Work::nothing(Trigger::Deleted, Timestamp::UNIX_EPOCH);
    let mut left_out = webhook.clone();
    left_out.failures.left_out_of = Some(5);
    let in_grace = |kind| {
        let mut work = webhook.clone();
        work.pending.grace = Some(Grace {
            kind,
            trigger: Trigger::Webhook,
            since: Timestamp::UNIX_EPOCH,
            deadline: Timestamp::UNIX_EPOCH,
            answers: 1,
            released_at: None,
        });
        work
    };
    assert!(can_batch(&webhook, &webhook, 5) && can_batch(&recheck, &recheck, 5));
    assert!(can_batch(&in_grace(GraceKind::Activation), &webhook, 5));
    let alone = [
        GraceKind::Vanish,
        GraceKind::Delete,
        GraceKind::DeleteConfirm,
    ]
    .map(in_grace);
    for work in alone.iter().chain([&deleted, &left_out, &recheck]) {
        assert!(
            !can_batch(&webhook, work, 5) && !can_batch(work, &webhook, 5),
            "{work:?}"
        );
    }
    assert!(
        can_batch(&left_out, &webhook, 4) && !can_batch(&left_out, &webhook, 6),
        "a smaller list may show what a larger one left out"
    );
}

proptest! {
    /// Whatever happens, no request asks for more accounts than configured, and full size comes
    /// back after a while.
    #[test]
    fn sizes_stay_within_bounds_and_recover(
        steps in proptest::collection::vec((0u8..7, 0u64..200, 0usize..6), 0..60),
        ready in 0usize..10,
    ) {
        let mut now = Monotonic::START;
        let mut batching = Batching::new(SETTINGS);
        let ids = ["a", "b", "c", "d", "e"];
        for (step, pause, shown) in steps {
            now += Duration::from_secs(pause);
            match step {
                0 => { batching.listed(&reading(&ids, &ids[..shown.min(5)]), now); }
                1 => { batching.listed(&reading(&ids, &["x"]), now); }
                2 => { batching.answered_alone(&found("active"), true, now); }
                3 => { batching.answered_alone(&Lookup::NotFound, true, now); }
                4 => { batching.failed(&unavailable(), now, |_| true); }
                5 => { batching.failed(&ApiError::Refused { status: 401 }, now, |_| true); }
                _ => { batching.failed(&ApiError::Rejected { status: 400 }, now, |_| true); }
            }
            let size = size(&batching, ready, now);
            prop_assert!((1..=5).contains(&size));
            prop_assert!(size == 1 || ready > SETTINGS.threshold);
        }
        now += LIMITED_FOR;
        prop_assert_eq!(size(&batching, 1000, now), 5);
    }
}
