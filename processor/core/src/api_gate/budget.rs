//! The budget of requests for a project's key: a token bucket, of which each replica has a share.
//! Pure.
//!
//! StackOne allows about 1,000 requests a minute for an API key (rate limit guide). Replicas do not
//! talk to each other. Each takes the same share of the budget as it has of the partitions, so that
//! together they never exceed it.

use std::time::Duration;

use crate::time::Monotonic;

/// A token bucket. It holds one second of its rate, and at least one request. It starts empty, so
/// that a replica that restarts over and over never sends more than its share.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Requests per second of the whole project, all replicas together.
    rate: f64,
    /// The share of this replica, 0 to 1.
    share: f64,
    tokens: f64,
    counted: Monotonic,
}

impl Budget {
    /// Makes an empty bucket for a project with `per_minute` requests. The share of this replica is
    /// 0 until [`Self::set_share`] is called.
    #[must_use]
    pub fn new(per_minute: u32, now: Monotonic) -> Self {
        Self {
            rate: f64::from(per_minute) / 60.0,
            share: 0.0,
            tokens: 0.0,
            counted: now,
        }
    }

    /// Sets the share to `owned` of `all` partitions. `all` is 0 while the number of partitions is
    /// not known; the share is then 0, too.
    pub fn set_share(&mut self, owned: usize, all: usize, now: Monotonic) {
        self.count(now);
        let as_number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.share = if all == 0 {
            0.0
        } else {
            (as_number(owned) / as_number(all)).min(1.0)
        };
        self.tokens = self.tokens.min(self.capacity());
    }

    /// Takes a token. Returns `false` where there is none.
    pub fn take(&mut self, now: Monotonic) -> bool {
        self.count(now);
        let is_there = self.tokens >= 1.0;
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }

    /// Returns how long until there is a token; `None` while the share is 0.
    #[must_use]
    pub fn wait(&self, now: Monotonic) -> Option<Duration> {
        let rate = self.rate * self.share;
        if rate <= 0.0 {
            return None;
        }
        let missing = 1.0 - self.tokens_at(now);
        Some(if missing <= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(missing / rate)
        })
    }

    /// Returns the time from one token to the next; `None` while the share is 0.
    #[must_use]
    pub fn pace(&self) -> Option<Duration> {
        let rate = self.rate * self.share;
        (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate))
    }

    fn count(&mut self, now: Monotonic) {
        self.tokens = self.tokens_at(now);
        self.counted = now;
    }

    fn tokens_at(&self, now: Monotonic) -> f64 {
        let elapsed = now.saturating_duration_since(self.counted).as_secs_f64();
        (self.tokens + elapsed * self.rate * self.share).min(self.capacity())
    }

    fn capacity(&self) -> f64 {
        (self.rate * self.share).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns how many requests a replica with `owned` of 12 partitions sends in `seconds` if it
    /// tries every millisecond.
    fn sent(owned: usize, seconds: u64) -> u32 {
        let start = Monotonic::START;
        let mut budget = Budget::new(900, start);
        budget.set_share(owned, 12, start);
        let tick = |tick| start + Duration::from_millis(tick);
        (0..seconds * 1000)
            .map(|at| u32::from(budget.take(tick(at))))
            .sum()
    }

    #[test]
    fn shares_add_up_to_the_budget_and_never_exceed_it() {
        for owned in [vec![12], vec![6, 6], vec![3, 3, 3, 3], vec![1, 11]] {
            let all: u32 = owned.iter().map(|owned| sent(*owned, 60)).sum();
            assert!((890..=900).contains(&all), "{owned:?}: {all}");
        }
    }

    #[test]
    fn nothing_is_sent_before_there_is_a_share_and_a_token() {
        let start = Monotonic::START;
        let mut budget = Budget::new(900, start);
        assert_eq!(
            (
                budget.take(start + Duration::from_secs(60)),
                budget.wait(start)
            ),
            (false, None)
        );
        budget.set_share(12, 12, start + Duration::from_secs(60));
        assert!(
            !budget.take(start + Duration::from_secs(60)),
            "the bucket is empty at start"
        );
        let soon = start + Duration::from_secs(60) + Duration::from_millis(67);
        assert!(budget.take(soon));
    }

    proptest! {
        /// Whatever the times of the requests and the changes of the share, no window of one second
        /// has more than two seconds' worth of requests.
        #[test]
        fn the_budget_bounds_bursts(steps in proptest::collection::vec((0u64..300, 0usize..13), 1..200)) {
            let mut now = Monotonic::START;
            let mut budget = Budget::new(900, now);
            let mut taken: Vec<Monotonic> = Vec::new();
            for (pause, owned) in steps {
                now += Duration::from_millis(pause);
                budget.set_share(owned, 12, now);
                // One more than a window may have: a budget without a bound fails, too.
                let goes = std::iter::repeat(now).take_while(|now| budget.take(*now));
                taken.extend(goes.take(32));
            }
            for at in &taken {
                let window = taken.iter().filter(|other| **other >= *at && **other < *at + Duration::from_secs(1));
                prop_assert!(window.count() <= 31);
            }
        }

        #[test]
        fn after_the_budgets_wait_a_request_may_go(owned in 1usize..13) {
            let start = Monotonic::START;
            let mut budget = Budget::new(900, start);
            budget.set_share(owned, 12, start);
            let wait = budget.wait(start).unwrap();
            prop_assert!(budget.take(start + wait + Duration::from_micros(1)));
        }
    }
}
