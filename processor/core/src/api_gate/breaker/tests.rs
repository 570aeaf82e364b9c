//! Tests the breaker by hand, at random, and through an outage of ten minutes.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use jiff::Timestamp;
use proptest::prelude::*;
use stackone_link_schemas::Trigger;

use super::*;
use crate::api_gate::Gate;
use crate::work::Work;
use crate::work::backoff::Backoff;
use crate::work::queue::WorkQueue;

const SECOND: Duration = Duration::from_secs(1);

fn fail(breaker: &mut Breaker, account: Account, at: Monotonic) -> Option<Change> {
    breaker.failed(at, account, None, at)
}

fn opened(now: Monotonic) -> Breaker {
    let mut breaker = Breaker::new(now);
    let changes: Vec<_> = (0..5)
        .filter_map(|account| fail(&mut breaker, account, now))
        .collect();
    assert_eq!(changes, [Change::Opened { failed: 5, of: 5 }]);
    breaker
}

#[test]
fn the_breaker_opens_when_most_of_the_newest_lookups_fail() {
    let now = Monotonic::START;
    let rows = [
        ("too few to tell", 0, 4, false),
        ("most", 4, 5, true),
        ("half", 5, 5, false),
        ("older answers are forgotten", 100, 11, true),
        ("not yet most of the newest", 100, 10, false),
    ];
    for (what, answered, failed, opens) in rows {
        let mut breaker = Breaker::new(now);
        (0..answered).for_each(|_| assert_eq!(breaker.answered(now, now), None));
        let changes = (0..failed)
            .filter_map(|account| fail(&mut breaker, account, now))
            .count();
        assert_eq!(
            (changes, breaker.is_open()),
            (usize::from(opens), opens),
            "{what}"
        );
    }
}

#[test]
fn failures_that_are_long_ago_or_of_one_account_do_not_open_the_breaker() {
    let now = Monotonic::START;
    let mut breaker = Breaker::new(now);
    for number in 0u32..20 {
        let at = now + 8 * number * SECOND;
        assert_eq!(fail(&mut breaker, u64::from(number), at), None);
    }
    let mut breaker = Breaker::new(now);
    for _ in 0..20 {
        assert_eq!(fail(&mut breaker, 7, now), None);
    }
    assert!(!breaker.is_open());
}

#[test]
fn a_failure_counts_for_as_long_as_a_lookup_may_take_and_no_longer() {
    let now = Monotonic::START;
    let after = |wait: Duration| {
        let mut breaker = Breaker::new(now);
        for account in 0..4 {
            assert_eq!(fail(&mut breaker, account, now), None);
        }
        fail(&mut breaker, 4, now + wait).is_some()
    };
    assert!(after(WINDOW));
    assert!(!after(WINDOW + Duration::from_millis(1)));
}

#[test]
fn probes_go_one_at_a_time_after_waits_that_double_up_to_the_longest() {
    let mut now = Monotonic::START;
    let mut breaker = opened(now);
    let mut waits = Vec::new();
    for _ in 0..8 {
        let wait = breaker.wait(now).unwrap();
        waits.push(wait.as_secs());
        now += wait;
        breaker.sent(now);
        assert_eq!(breaker.wait(now), None, "one at a time");
        assert_eq!(fail(&mut breaker, 1, now), None);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    let start = now;
    now += breaker.wait(now).unwrap();
    breaker.sent(now);
    let change = breaker.answered(now, now);
    let after = Duration::from_secs(1 + 2 + 4 + 8 + 16 + 4 * 30);
    assert_eq!(change, Some(Change::Closed { after }), "{:?}", now - start);
    assert_eq!(breaker.wait(now), Some(Duration::ZERO));
}

#[test]
fn a_probe_waits_as_long_as_the_api_asks_for() {
    let now = Monotonic::START;
    for (asked, waits) in [(0, 2), (60, 60), (3600, 300)] {
        let mut breaker = opened(now);
        breaker.sent(now + SECOND);
        let asked = Some(Duration::from_secs(asked));
        breaker.failed(now + SECOND, 1, asked, now + SECOND);
        assert_eq!(breaker.wait(now + SECOND), Some(waits * SECOND));
    }
}

#[test]
fn answers_to_what_was_sent_before_the_probe_do_not_count() {
    let now = Monotonic::START;
    let mut breaker = opened(now);
    assert_eq!(breaker.answered(now, now), None);
    let probe = now + SECOND;
    breaker.sent(probe);
    assert_eq!(breaker.answered(now, probe), None);
    assert_eq!(breaker.failed(now, 1, None, probe), None);
    assert_eq!(breaker.wait(probe), None, "the probe is still under way");
    let closed = probe + SECOND;
    let change = breaker.answered(probe, closed);
    assert_eq!(change, Some(Change::Closed { after: 2 * SECOND }));
    for account in 0..20 {
        assert_eq!(breaker.failed(now, account, None, closed), None);
    }
    assert!(!breaker.is_open(), "they were sent before it closed");
}

proptest! {
    /// Whatever happens, an open breaker lets only a probe through now and then, and it never stays
    /// open because no probe is sent.
    #[test]
    fn probes_are_rare_and_never_cease(steps in proptest::collection::vec((0u64..5_000, 0u8..10), 1..300)) {
        let start = Monotonic::START;
        let mut now = start;
        let mut breaker = Breaker::new(now);
        let mut probes = Vec::new();
        let mut probe = None;
        for (account, (pause, what)) in (0..).zip(steps) {
            now += Duration::from_millis(pause);
            if breaker.wait(now) == Some(Duration::ZERO) {
                let is_probe = breaker.is_open();
                breaker.sent(now);
                if is_probe {
                    prop_assert!(probe.is_none(), "one at a time");
                    probe = Some(now);
                    probes.push(now);
                }
            }
            let sent = probe.take().unwrap_or(now);
            if what == 0 { breaker.answered(sent, now); } else { breaker.failed(sent, account, None, now); }
            if let Some(wait) = breaker.wait(now) {
                prop_assert!(wait <= MAX_WAIT);
            }
        }
        let is_apart = |pair: &[Monotonic]| pair[1] - pair[0] >= FIRST_WAIT;
        prop_assert!(probes.windows(2).all(is_apart));
    }
}

fn a_look() -> Work {
    Work::nothing(Trigger::Webhook, Timestamp::UNIX_EPOCH)
}

/// One project whose API is down from second 1 to second 600. It answers all other lookups at once.
struct Outage {
    start: Monotonic,
    queue: WorkQueue<u32, Work>,
    gate: Gate,
    sent: Vec<Monotonic>,
    decided: BTreeSet<u32>,
}

impl Outage {
    const ACCOUNTS: u32 = 3_000;
    const END: Duration = Duration::from_secs(600);

    fn begin() -> Self {
        let start = Monotonic::START;
        let mut gate = Gate::new(NonZeroU32::new(900).unwrap(), start);
        gate.set_share(1, 1, start);
        Self {
            start,
            queue: WorkQueue::new(1),
            gate,
            sent: Vec::new(),
            decided: BTreeSet::new(),
        }
    }

    fn tick(&mut self, now: Monotonic) {
        while self.gate.wait(now) == Some(Duration::ZERO) {
            let taken = self.queue.take_together(0, now, 1, |_, _| false).pop();
            let Some(account) = taken else {
                return;
            };
            self.gate.pay_for(false, now).unwrap();
            self.sent.push(now);
            if now - self.start < Self::END {
                self.fail(account, now);
                continue;
            }
            self.decided.insert(account);
            self.queue.finish(&account, now);
            self.gate.answered(now, now);
        }
    }

    /// Decides what follows a failure, as the reconciler does.
    fn fail(&mut self, account: u32, now: Monotonic) {
        if self
            .gate
            .failed(now, u64::from(account), None, now)
            .is_some()
        {
            self.queue
                .end_backoffs(0, |work| work.failures.breaker_opened(now));
        }
        let mut failures = self.queue.work_in_flight(&account).unwrap().failures;
        let backoff = (Backoff::default(), f64::from(account % 10) / 10.0);
        let again = failures.unavailable(self.gate.is_broken(), None, backoff, now);
        self.queue
            .back_off(&account, again, |work| work.failures = failures);
    }

    fn sent_within(&self, from: Duration, to: Duration) -> usize {
        let range = self.start + from..self.start + to;
        self.sent.iter().filter(|at| range.contains(*at)).count()
    }
}

#[test]
fn after_an_outage_of_ten_minutes_all_is_asked_for_at_the_full_budget_and_no_faster() {
    let mut outage = Outage::begin();
    for tenth in 0u32..8_500 {
        let now = outage.start + tenth * Duration::from_millis(100);
        // Half of the accounts wait when the outage begins, the others come during it.
        if tenth == 0 {
            (0..1_500).for_each(|account| outage.queue.add(account, 0, a_look(), now));
        } else if tenth <= 6_000 && tenth % 4 == 0 {
            outage.queue.add(1_500 + tenth / 4 - 1, 0, a_look(), now);
        }
        outage.tick(now);
    }
    let in_outage = outage.sent_within(Duration::ZERO, Outage::END);
    assert!(
        (20..=40).contains(&in_outage),
        "{in_outage} requests in the outage"
    );
    assert_eq!(outage.decided.len(), Outage::ACCOUNTS as usize);
    assert!(outage.queue.is_empty());
    // They take 15 a second, after the last wait for a probe.
    let took = *outage.sent.last().unwrap() - outage.start - Outage::END;
    let budget = Duration::from_secs(u64::from(Outage::ACCOUNTS) / 15);
    assert!(took <= budget + MAX_WAIT + SECOND, "drained in {took:?}");
    for second in 0..300 {
        let from = Outage::END + second * SECOND;
        let burst = outage.sent_within(from, from + SECOND);
        assert!(burst <= 31, "{burst} in second {second}");
        let minute = outage.sent_within(from, from + 60 * SECOND);
        assert!(minute <= 916, "{minute} in the minute from {second}");
    }
}
