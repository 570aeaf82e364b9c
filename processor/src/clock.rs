//! The clocks of this process, from which the core gets its times.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::Timestamp;
use stackone_processor_core::time::{Monotonic, Now};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time since the clock was first read.
#[must_use]
pub fn monotonic() -> Monotonic {
    Monotonic::after_start(START.elapsed())
}

/// Returns the time on both clocks.
#[must_use]
pub fn now() -> Now {
    Now {
        monotonic: monotonic(),
        wall: Timestamp::now(),
    }
}
