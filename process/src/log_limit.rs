//! Limits of repeated log lines: [`Changed`] lets a line pass only when its value changes,
//! [`Throttled`] only so often.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most keys that have a bucket at a time. A full bucket is forgotten first; where none is
/// full, a new key gets no line.
const MOST_KEYS: usize = 64;

/// Remembers the last value, so that a log line is written only where the value changes.
#[derive(Debug, Default)]
pub struct Changed<T>(T);

impl<T: PartialEq> Changed<T> {
    /// Remembers `now`, and returns whether it differs from the value before it.
    pub fn is_news(&mut self, now: T) -> bool {
        let is_news = self.0 != now;
        self.0 = now;
        is_news
    }
}

/// A token bucket of log lines for each key: a burst at once, then one line in each interval.
#[derive(Debug)]
pub struct Throttled<K> {
    burst: u32,
    refill: Duration,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Debug)]
struct Buckets<K> {
    of_key: BTreeMap<K, Bucket>,
    /// Counts the suppressed lines of keys that were forgotten, or that got no bucket.
    suppressed: u64,
}

#[derive(Debug)]
struct Bucket {
    tokens: u32,
    refilled: Instant,
    suppressed: u64,
}

impl<K: Ord> Throttled<K> {
    /// Allows up to `burst` lines of a key at once, then one in each `refill`, which must not be 0.
    #[must_use]
    pub const fn new(burst: u32, refill: Duration) -> Self {
        let buckets = Buckets {
            of_key: BTreeMap::new(),
            suppressed: 0,
        };
        Self {
            burst,
            refill,
            buckets: Mutex::new(buckets),
        }
    }

    /// Returns how many lines were suppressed since the last one where a line may be written now,
    /// and `None` where it may not.
    pub fn allow(&self, key: K, now: Instant) -> Option<u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Buckets { of_key, suppressed } = &mut *buckets;
        if of_key.len() >= MOST_KEYS && !of_key.contains_key(&key) {
            of_key.retain(|_, bucket| {
                bucket.refill(self.burst, self.refill, now);
                let is_kept = bucket.tokens < self.burst;
                *suppressed += if is_kept { 0 } else { bucket.suppressed };
                is_kept
            });
            if of_key.len() >= MOST_KEYS {
                *suppressed += 1;
                return None;
            }
        }
        let bucket = of_key.entry(key).or_insert(Bucket {
            tokens: self.burst,
            refilled: now,
            suppressed: 0,
        });
        bucket.refill(self.burst, self.refill, now);
        if bucket.tokens == 0 {
            bucket.suppressed += 1;
            return None;
        }
        bucket.tokens -= 1;
        Some(std::mem::take(&mut bucket.suppressed) + std::mem::take(suppressed))
    }
}

impl Bucket {
    fn refill(&mut self, burst: u32, refill: Duration, now: Instant) {
        let elapsed = now.saturating_duration_since(self.refilled);
        let due = elapsed.as_nanos() / refill.as_nanos().max(1);
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        self.tokens = self.tokens.saturating_add(due).min(burst);
        if self.tokens == burst {
            self.refilled = now;
        } else {
            self.refilled += refill * due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_flood_makes_few_lines_and_they_say_how_many_are_missing() {
        let (limit, start) = (Throttled::new(10, SECOND), Instant::now());
        let flood = |at| {
            let allowed = (0..1000).filter(|_| limit.allow("flood", at).is_some());
            allowed.count()
        };
        assert_eq!(flood(start), 10);
        assert_eq!(limit.allow("rare", start), Some(0), "it has its own bucket");
        let later = start + Duration::from_millis(1500);
        assert_eq!(limit.allow("flood", later), Some(990));
        assert_eq!(limit.allow("flood", later), None);
        assert_eq!(limit.allow("flood", start + 2 * SECOND), Some(1));
        assert_eq!(flood(start + 3600 * SECOND), 10);
    }

    #[test]
    fn keys_without_end_cost_no_memory_and_no_line_goes_uncounted() {
        let (limit, start) = (Throttled::new(1, SECOND), Instant::now());
        let allowed = (0..1000).filter(|key| limit.allow(*key, start).is_some());
        assert_eq!(allowed.count(), MOST_KEYS);
        assert_eq!(limit.allow(0, start), None);
        let later = start + SECOND;
        let missing = u64::try_from(1000 - MOST_KEYS).unwrap();
        assert_eq!(limit.allow(1000, later), Some(missing + 1));
        assert_eq!(limit.buckets.lock().unwrap().of_key.len(), 1);
    }

    #[test]
    fn only_what_changes_is_news() {
        let mut state = Changed::<Option<&str>>::default();
        let told = [None, Some("a"), Some("a"), Some("b"), None, None];
        let news = told.map(|now| state.is_news(now));
        assert_eq!(news, [false, true, false, true, true, false]);
    }
}
