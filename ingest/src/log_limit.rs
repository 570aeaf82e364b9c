//! How many log lines refusals may make: a flood of forgeries must not fill a disk, nor hide what is rare. Each outcome
//! has a token bucket of its own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// Lines at once.
const BURST: u32 = 10;
/// Then one in this time.
const REFILL: Duration = Duration::from_secs(1);

/// The buckets.
pub(crate) struct LogLimit {
    buckets: [(Outcome, Mutex<Bucket>); Outcome::ALL.len()],
}

struct Bucket {
    tokens: u32,
    refilled: Instant,
    suppressed: u64,
}

impl LogLimit {
    pub(crate) fn new(now: Instant) -> Self {
        let full = |outcome| {
            let bucket = Bucket {
                tokens: BURST,
                refilled: now,
                suppressed: 0,
            };
            (outcome, Mutex::new(bucket))
        };
        Self {
            buckets: Outcome::ALL.map(full),
        }
    }

    /// Whether a line about this outcome may be written now, and if so, how many were not since the last one.
    pub(crate) fn allow(&self, outcome: Outcome, now: Instant) -> Option<u64> {
        let mut buckets = self.buckets.iter();
        let (_, bucket) = buckets.find(|(of, _)| *of == outcome)?;
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.refill(now);
        if bucket.tokens == 0 {
            bucket.suppressed += 1;
            return None;
        }
        bucket.tokens -= 1;
        Some(std::mem::take(&mut bucket.suppressed))
    }
}

impl Bucket {
    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.refilled);
        let due = u32::try_from(elapsed.as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
        self.tokens = self.tokens.saturating_add(due).min(BURST);
        if self.tokens == BURST {
            self.refilled = now;
        } else {
            self.refilled += REFILL * due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_makes_few_lines_and_they_say_how_many_are_missing() {
        let start = Instant::now();
        let limit = LogLimit::new(start);
        let allowed = (0..1000).filter(|_| limit.allow(Outcome::BadSignature, start).is_some());
        assert_eq!(allowed.count(), 10);
        assert_eq!(
            limit.allow(Outcome::WrongEncoding, start),
            Some(0),
            "what is rare has its own"
        );
        let later = start + Duration::from_millis(1500);
        assert_eq!(limit.allow(Outcome::BadSignature, later), Some(990));
        assert_eq!(limit.allow(Outcome::BadSignature, later), None);
        let later = start + Duration::from_secs(2);
        assert_eq!(limit.allow(Outcome::BadSignature, later), Some(1));
        let much_later = start + Duration::from_secs(3600);
        let allowed =
            (0..1000).filter(|_| limit.allow(Outcome::BadSignature, much_later).is_some());
        assert_eq!(allowed.count(), 10);
    }
}
