//! How many log lines refusals may make: a flood of forgeries must not fill a disk, nor hide what
//! is rare.

use std::time::Duration;

use stackone_link_process::log_limit::Throttled;

use crate::answer::outcome::Outcome;

/// Lines of an outcome at once, and then one in each [`REFILL`].
const BURST: u32 = 10;
const REFILL: Duration = Duration::from_secs(1);

/// Each outcome has a bucket of its own.
pub(crate) type LogLimit = Throttled<Outcome>;

pub(crate) const fn log_limit() -> LogLimit {
    Throttled::new(BURST, REFILL)
}
