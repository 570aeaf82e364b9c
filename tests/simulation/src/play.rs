//! Playing many histories.

use crate::history::History;
use crate::simulation::{Played, Simulation};

/// Plays the history of a seed.
#[must_use]
pub fn play(seed: u64) -> Played {
    Simulation::new(History::of(seed), false).play()
}
