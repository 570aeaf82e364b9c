//! The time, as gauges have it.

use jiff::Timestamp;

/// Now, in seconds since the epoch.
pub(super) fn now() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}
