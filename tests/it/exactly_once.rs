//! What holds whatever happens to processors: webhooks without end, and a judge of what a
//! `read_committed` reader saw.

mod load;
mod verdict;

use std::io::Write as _;

use fastrand::Rng;

pub(crate) use load::{Load, link_all, stir};
pub(crate) use verdict::{faults, judge};

/// Randomness that can be had again: with `PROCESSOR_SEED` the same moments, though not to the
/// microsecond.
pub(crate) fn random(test: &str) -> Rng {
    let seed = std::env::var("PROCESSOR_SEED")
        .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    say(test, &format!("PROCESSOR_SEED={seed}"));
    Rng::with_seed(seed)
}

/// Shown whether or not the test passes: a run that failed has to be played again.
pub(crate) fn say(test: &str, line: &str) {
    writeln!(std::io::stderr().lock(), "{test}: {line}").unwrap();
}
