//! Decides how fast dead letters are put back. Pure.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// The most dead letters in one transaction.
const MAX_BATCH: u32 = 500;

/// Spreads transactions over time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    per_second: NonZeroU32,
    next: Instant,
}

impl Pace {
    /// Allows `per_second` dead letters a second, from `now` on.
    #[must_use]
    pub const fn new(per_second: NonZeroU32, now: Instant) -> Self {
        Self {
            per_second,
            next: now,
        }
    }

    /// Returns how many dead letters make a transaction: half a second's worth, so that a redrive
    /// is steady and costs Kafka little.
    #[must_use]
    pub fn batch(&self) -> usize {
        let half_a_second = (self.per_second.get() / 2).clamp(1, MAX_BATCH);
        usize::try_from(half_a_second).unwrap_or(usize::MAX)
    }

    /// Returns when the next transaction may begin.
    #[must_use]
    pub const fn next(&self) -> Instant {
        self.next
    }

    /// Notes that letters were put back. Unused time is not made up for.
    pub fn sent(&mut self, letters: u64, now: Instant) {
        let letters = u32::try_from(letters).unwrap_or(u32::MAX);
        let takes = Duration::from_secs(1).saturating_mul(letters) / self.per_second.get();
        self.next = self.next.max(now) + takes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_more_are_put_back_than_the_rate_allows(
            per_second in 1u32..5000,
            delays in proptest::collection::vec(0u64..2000, 1..50),
        ) {
            let start = Instant::now();
            let mut pace = Pace::new(NonZeroU32::new(per_second).unwrap(), start);
            let batch = u64::try_from(pace.batch()).unwrap();
            let (mut now, mut sent) = (start, 0);
            for delay in delays {
                now = (now + Duration::from_millis(delay)).max(pace.next());
                // The first batch goes at once, so a redrive is never ahead of its rate by more
                // than one batch.
                let allowed = now.duration_since(start).as_secs_f64() * f64::from(per_second);
                prop_assert!(f64::from(u32::try_from(sent).unwrap()) <= allowed + 1.0);
                pace.sent(batch, now);
                sent += batch;
            }
        }
    }

    #[test]
    fn a_transaction_is_half_a_second_of_the_rate() {
        for (per_second, batch) in [(1, 1), (2, 1), (100, 50), (1000, 500), (1_000_000, 500)] {
            let pace = Pace::new(NonZeroU32::new(per_second).unwrap(), Instant::now());
            assert_eq!(pace.batch(), batch, "{per_second} a second");
        }
    }
}
