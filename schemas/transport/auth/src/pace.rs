//! The times at which tokens are fetched.

use std::time::{Duration, Instant};

/// The shortest time between two attempts, whatever goes wrong.
pub const MOST_OFTEN: Duration = Duration::from_secs(1);
/// The longest time between two attempts while something goes wrong.
const SELDOM: Duration = Duration::from_secs(30);
/// The longest lifetime that is reckoned with. No clock could add some that issuers write, such as
/// one in nanoseconds.
const MOST_LASTING: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The percentage of a token's lifetime after which it is renewed.
const USED: u32 = 80;

/// The time at which the next token is due. Reads no clock.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    last: Instant,
    due: Instant,
    /// Counts attempts in a row that brought no token that a broker accepts.
    failures: u32,
    was_refused: bool,
}

impl Pace {
    /// Makes a pace whose first token is due now.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            last: now,
            due: now,
            failures: 0,
            was_refused: false,
        }
    }

    /// Takes in an attempt: its token is valid for `lifetime`, or it brought none.
    pub fn fetched(&mut self, now: Instant, lifetime: Option<Duration>) {
        self.last = now;
        let wait = match lifetime {
            Some(lifetime) => (lifetime.min(MOST_LASTING) * USED / 100).max(MOST_OFTEN),
            None => self.back_off(),
        };
        if lifetime.is_some() && !self.was_refused {
            self.failures = 0;
        }
        self.was_refused = false;
        self.due = now + wait;
    }

    /// Takes in that a broker has refused the token. The next one is due sooner than planned, but
    /// later the more often that happens.
    pub fn refused(&mut self) {
        if !self.was_refused {
            self.was_refused = true;
            let wait = self.back_off();
            self.due = self.due.min(self.last + wait);
        }
    }

    /// Returns whether a token is due.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    fn back_off(&mut self) -> Duration {
        let wait = MOST_OFTEN * 2_u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        wait.min(SELDOM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(pace.is_due(now));
        pace.fetched(now, Some(seconds(3600)));
        assert!(!pace.is_due(now + seconds(2879)));
        assert!(pace.is_due(now + seconds(2880)));
    }

    #[test]
    fn a_token_without_end_is_renewed_some_day() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        for lifetime in [Duration::MAX, seconds(1 << 60)] {
            pace.fetched(now, Some(lifetime));
            assert!(!pace.is_due(now + seconds(3600)));
        }
    }

    #[test]
    fn a_provider_that_gives_no_token_is_asked_once_a_second_and_then_less_often() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let mut waits = Vec::new();
        for _ in 0..7 {
            pace.fetched(now, None);
            let wait = (1..)
                .find(|wait| pace.is_due(now + seconds(*wait)))
                .unwrap();
            waits.push(wait);
            now += seconds(wait);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        pace.fetched(now, Some(seconds(1)));
        pace.fetched(now, None);
        assert!(pace.is_due(now + MOST_OFTEN), "it begins anew");
    }

    #[test]
    fn a_refused_token_is_replaced_at_most_once_a_second() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.fetched(now, Some(seconds(3600)));
        for _ in 0..100 {
            pace.refused();
        }
        assert!(!pace.is_due(now + seconds(1) - Duration::from_millis(1)));
        assert!(pace.is_due(now + seconds(1)));
        pace.fetched(now + seconds(1), Some(seconds(3600)));
        assert!(
            !pace.is_due(now + seconds(60)),
            "nobody has refused this one"
        );
        pace.refused();
        assert!(!pace.is_due(now + seconds(2)) && pace.is_due(now + seconds(3)));
    }
}
