//! Waits between attempts: exponential, capped, with full jitter, and never shorter than the server
//! asked for. Pure.

use std::time::Duration;

/// The longest wait that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// How the waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait after any failure, unless the server asks for more.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5 * 60),
        }
    }
}

impl Backoff {
    /// Returns the wait after attempt number `attempt`, by a random number in `0.0..1.0`.
    ///
    /// Full jitter: anything between zero and the exponential step, so that accounts that failed
    /// together do not come back together.
    #[must_use]
    pub fn wait(self, attempt: u32, retry_after: Option<Duration>, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let step = self.first.saturating_mul(1 << doublings).min(self.longest);
        let jittered = step.mul_f64(random.clamp(0.0, 1.0));
        jittered.max(granted(retry_after))
    }
}

/// Returns the wait that a server gets that asks for one.
#[must_use]
pub fn granted(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or(Duration::ZERO).min(MAX_RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_stays_within_its_bounds(attempt in 0u32..100, asked in proptest::option::of(0u64..10_000), random in 0.0f64..1.0) {
            let asked = asked.map(Duration::from_secs);
            let wait = Backoff::default().wait(attempt, asked, random);
            prop_assert!(wait <= Duration::from_secs(300));
            prop_assert!(wait >= asked.unwrap_or_default().min(Duration::from_secs(300)));
        }
    }

    #[test]
    fn the_bound_doubles_from_a_second_to_five_minutes() {
        let longest = |attempt| Backoff::default().wait(attempt, None, 1.0).as_secs();
        let bounds = [1, 2, 3, 9, 10, 50].map(longest);
        assert_eq!(bounds, [1, 2, 4, 256, 300, 300]);
    }
}
