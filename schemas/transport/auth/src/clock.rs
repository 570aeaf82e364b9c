//! Differences between clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest difference between two clocks that is not reported; Kafka's own validator of tokens
/// allows 30 s.
pub const MOST_SKEW: Duration = Duration::from_secs(30);

/// Converts a token's time, in seconds since 1970; `None` where it is out of range.
pub(crate) fn since_1970(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    UNIX_EPOCH.checked_add(since)
}

/// Returns the time between two moments, whichever comes first.
pub(crate) fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|earlier| earlier.duration())
}
