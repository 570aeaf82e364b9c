//! Virtual time: microseconds since the history began.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A moment, or a wait.
pub type Micros = u64;

/// In microseconds.
pub const MS: Micros = 1_000;
/// In microseconds.
pub const SECOND: Micros = 1_000 * MS;
/// In microseconds.
pub const MINUTE: Micros = 60 * SECOND;
/// In microseconds.
pub const HOUR: Micros = 60 * MINUTE;
/// In microseconds.
pub const DAY: Micros = 24 * HOUR;

/// The wall clock's time when the history begins, in seconds since 1970.
const EPOCH: i64 = 1_772_614_800;

/// What a true wall clock shows.
#[must_use]
pub fn wall(at: Micros) -> Timestamp {
    let since = SignedDuration::from_micros(i64::try_from(at).unwrap_or(i64::MAX));
    let epoch = Timestamp::from_second(EPOCH).unwrap_or_default();
    epoch.saturating_add(since).unwrap_or(Timestamp::MAX)
}

/// The same in milliseconds since 1970, as records have it.
#[must_use]
pub fn wall_ms(at: Micros) -> i64 {
    wall(at).as_millisecond()
}

/// The moment at which a true wall clock shows this; the beginning for what is earlier.
#[must_use]
pub fn moment(shown: Timestamp) -> Micros {
    let since = shown.duration_since(wall(0));
    u64::try_from(since.as_micros()).unwrap_or(0)
}

/// In microseconds.
#[must_use]
pub fn micros(wait: Duration) -> Micros {
    u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)
}
