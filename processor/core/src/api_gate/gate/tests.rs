//! Tests when a project's API may be asked.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Returns a gate of a project with 600 requests a minute and a share of 1, its bucket full, and
/// the time.
fn gate() -> (Gate, Monotonic) {
    let start = Monotonic::START;
    let mut gate = Gate::new(NonZeroU32::new(600).unwrap(), start);
    gate.set_share(12, 12, start);
    (gate, start + 60 * SECOND)
}

#[test]
fn a_rate_limit_closes_the_whole_project_for_as_long_as_it_says_within_bounds() {
    for (retry_after, wait) in [
        (None, 60 * SECOND),
        (Some(Duration::ZERO), SECOND),
        (Some(7 * SECOND), 7 * SECOND),
        (Some(3600 * SECOND), 300 * SECOND),
    ] {
        let (mut gate, now) = gate();
        assert_eq!(gate.wait(now), Some(Duration::ZERO));
        gate.rate_limited(retry_after, now);
        let opens = now + wait;
        assert_eq!(gate.opens_at(), Some(opens), "{retry_after:?}");
        assert_eq!(gate.wait(now), Some(wait), "{retry_after:?}");
        assert_eq!(gate.wait(opens), Some(Duration::ZERO), "{retry_after:?}");
    }
}

#[test]
fn a_shorter_rate_limit_does_not_end_a_longer_one() {
    let (mut gate, now) = gate();
    gate.rate_limited(Some(100 * SECOND), now);
    gate.rate_limited(Some(SECOND), now + SECOND);
    assert_eq!(gate.wait(now + SECOND), Some(99 * SECOND));
}

#[test]
fn scheduled_rechecks_get_a_tenth_of_the_budget_and_are_told_when_the_next_may_go() {
    let (mut gate, start) = gate();
    let mut sent = 0;
    for millisecond in 0..60_000 {
        let now = start + Duration::from_millis(millisecond);
        match gate.pay_for(true, now) {
            Ok(()) => sent += 1,
            Err(at) => assert!(
                at > now && at <= now + MAX_RECHECK_WAIT,
                "after {millisecond} ms"
            ),
        }
    }
    assert!((60..=61).contains(&sent), "{sent} of 600");
}

#[test]
fn a_triggered_lookup_does_not_wait_for_the_budget_of_rechecks() {
    let (mut gate, now) = gate();
    assert_eq!(gate.pay_for(true, now), Ok(()));
    assert!(gate.pay_for(true, now).is_err());
    assert_eq!(gate.pay_for(false, now), Ok(()));
}

#[test]
fn a_refused_key_is_probed_once_and_nothing_is_asked_until_it_is_accepted() {
    let (mut gate, now) = gate();
    assert!(gate.refused(), "the first refusal asks for a probe");
    assert!(!gate.refused(), "which is under way");
    assert!(gate.is_refused());
    assert_eq!(gate.wait(now + 3600 * SECOND), None);
    gate.accepted(now + SECOND);
    assert!(!gate.is_refused());
    assert_eq!(gate.wait(now + SECOND), Some(Duration::ZERO));
    assert!(gate.was_accepted_since(now));
    assert!(!gate.was_accepted_since(now + 2 * SECOND));
    assert!(gate.refused(), "refused again, probed again");
}

#[test]
fn no_lookup_is_sent_while_no_partition_is_owned() {
    let (mut gate, now) = gate();
    gate.set_share(0, 12, now);
    assert_eq!(gate.wait(now), None);
}

/// Returns a gate whose budget for rechecks gives 1.5 a second and has one token.
fn gate_for_rechecks(start: Monotonic) -> Gate {
    let mut gate = Gate::new(NonZeroU32::new(900).unwrap(), start);
    gate.set_share(1, 1, start);
    gate
}

#[test]
fn each_recheck_that_cannot_be_paid_for_has_a_turn_of_its_own_and_can_pay_when_it_comes() {
    let start = Monotonic::START;
    let mut gate = gate_for_rechecks(start);
    let mut turns: Vec<Monotonic> = (0..200)
        .map(|_| gate.pay_for(true, start).unwrap_err())
        .collect();
    let came = turns.clone();
    turns.dedup();
    assert_eq!(turns.len(), 200);
    for turn in came {
        assert_eq!(gate.pay_for(true, turn), Ok(()), "{:?}", turn - start);
    }
}

#[test]
fn a_recheck_never_comes_again_at_once_nor_too_late() {
    let start = Monotonic::START;
    let mut gate = gate_for_rechecks(start);
    // A nanosecond before there is a token, the wait rounds to nothing.
    let almost = start + Duration::from_nanos(666_666_666);
    assert!(gate.pay_for(true, almost).unwrap_err() >= almost + MIN_RECHECK_WAIT);
    for _ in 0..100_000 {
        let turn = gate.pay_for(true, almost).unwrap_err();
        assert!(turn <= almost + MAX_RECHECK_WAIT);
    }
}
