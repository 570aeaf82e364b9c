//! Whether records should wait for others before they are sent. Pure: it is told the time and how many are under way.

use std::time::{Duration, Instant};

/// The average is over about this long: many waves of answers and new requests, which are milliseconds apart, but not so
/// long that anyone would notice how long a change takes.
pub(crate) const WINDOW: Duration = Duration::from_millis(20);
/// More under way than this on average, and batching begins: latency is several milliseconds by then, most of it waiting
/// for processors, which fewer and larger requests to the broker relieve. On 2 cores, a closed loop over 256 connections has
/// some 160 under way, and there 2 ms gain throughput: up to a tenth on the embedded broker, a quarter on Kafka. One over 128
/// has some 85: Kafka gains there, too, and the embedded broker loses a tenth. One over 64 loses half on the embedded broker.
pub(crate) const BEGIN_ABOVE: f64 = 100.0;
/// Fewer than this, and it ends: waiting would be what limits throughput.
pub(crate) const END_BELOW: f64 = 75.0;

/// The average number of records under way, over time, and what follows from it. Two thresholds, so that an average near
/// one of them does not switch back and forth.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    under_way: u32,
    since: Instant,
    average: f64,
    batching: bool,
}

impl Crowd {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            under_way: 0,
            since: now,
            average: 0.0,
            batching: false,
        }
    }

    /// One more is under way. Says whether it should wait for others.
    pub(crate) fn joined(&mut self, now: Instant) -> bool {
        self.pass(now);
        self.under_way = self.under_way.saturating_add(1);
        self.batching
    }

    /// One is no longer under way.
    pub(crate) fn left(&mut self, now: Instant) {
        self.pass(now);
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Whether the next record should wait for others. Also when nobody joins or leaves, time makes the average.
    pub(crate) fn is_batching(&mut self, now: Instant) -> bool {
        self.pass(now);
        self.batching
    }

    /// The time until `now` passed with as many under way as there were.
    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        self.since = self.since.max(now);
        let remains = (-passed.as_secs_f64() / WINDOW.as_secs_f64()).exp();
        let under_way = f64::from(self.under_way);
        self.average = under_way + (self.average - under_way) * remains;
        self.batching = match self.batching {
            true => self.average >= END_BELOW,
            false => self.average > BEGIN_ABOVE,
        };
    }
}

#[cfg(test)]
mod tests;
