//! The two clocks that decisions depend on. No clock is read here: the shell passes both times with
//! each input.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use jiff::Timestamp;

/// A time on a clock that never goes back: the time since the process or the simulation began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(Duration);

/// The time of an input on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The time for waits. It does not survive a restart.
    pub monotonic: Monotonic,
    /// The time for dates in records. It may step in either direction.
    pub wall: Timestamp,
}

impl Monotonic {
    /// The beginning of the clock.
    pub const START: Self = Self(Duration::ZERO);

    /// Returns the time at which this much has passed since the beginning.
    #[must_use]
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Returns the time since the beginning.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Returns the time since `earlier`; zero where that is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the time since `earlier`; zero where that is later.
    #[must_use]
    pub const fn duration_since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Now {
    /// Returns when the wall clock will show `time`, at most 30 days from now; now where it shows a
    /// later time.
    #[must_use]
    pub fn monotonic_at(&self, time: Timestamp) -> Monotonic {
        const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
        let wait = Duration::try_from(time.duration_since(self.wall)).unwrap_or(Duration::ZERO);
        self.monotonic + wait.min(LONGEST)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }
}

impl AddAssign<Duration> for Monotonic {
    fn add_assign(&mut self, wait: Duration) {
        *self = *self + wait;
    }
}

impl Sub<Duration> for Monotonic {
    type Output = Self;

    fn sub(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(wait))
    }
}

impl Sub for Monotonic {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}
