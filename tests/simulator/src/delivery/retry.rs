//! When a webhook that was not answered with 200 is sent again. StackOne retries; its schedule is
//! UNKNOWN.

use std::num::NonZeroU32;
use std::time::Duration;

/// Exponential: `first`, doubled each time, up to `longest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The wait after the first attempt.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// Attempts in all, the first included.
    pub attempts: NonZeroU32,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
            attempts: NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN),
        }
    }
}

impl RetrySchedule {
    /// One attempt and no retry.
    #[must_use]
    pub fn never() -> Self {
        Self {
            attempts: NonZeroU32::MIN,
            ..Self::default()
        }
    }

    /// The wait after attempt number `attempt` (from 1), or none if it was the last.
    #[must_use]
    pub fn wait_after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts.get() {
            return None;
        }
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        Some(self.first.saturating_mul(factor).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_the_last_attempt() {
        let schedule = RetrySchedule::default();
        let waits: Vec<_> = (1..=10)
            .map(|attempt| schedule.wait_after(attempt).map(|wait| wait.as_millis()))
            .collect();
        let expected = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000];
        assert_eq!(waits[..9], expected.map(Some));
        assert_eq!(waits[9], None);
        assert_eq!(RetrySchedule::never().wait_after(1), None);
    }
}
