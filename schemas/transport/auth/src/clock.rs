//! How far clocks are apart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far clocks may be apart without a word: what Kafka's own validator takes is 30 s.
pub const MOST_SKEW: Duration = Duration::from_secs(30);

/// A time as a token says it; none where no clock has it.
pub(crate) fn since_1970(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    UNIX_EPOCH.checked_add(since)
}

/// The time between two moments, whichever is first.
pub(crate) fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|earlier| earlier.duration())
}
