//! The monotonic clock of this process, as the core's decisions read it.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::Timestamp;
use stackone_processor_core::time::{Monotonic, Now};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time since the clock was first read.
#[must_use]
pub fn monotonic() -> Monotonic {
    Monotonic::after_start(START.elapsed())
}

/// Both clocks.
#[must_use]
pub fn now() -> Now {
    Now {
        monotonic: monotonic(),
        wall: Timestamp::now(),
    }
}
