//! Playing many histories, on as many threads as there are cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::history::History;
use crate::oracle::Broken;
use crate::simulation::{Played, Simulation};
use crate::time::Micros;

/// What came of them.
#[derive(Debug, Default)]
pub struct Sum {
    /// Histories.
    pub histories: u64,
    /// Inputs of the cores.
    pub inputs: u64,
    /// Time of processors that it took.
    pub cpu: Duration,
    /// Those that broke a rule: seed, when, which.
    pub broken: Vec<(u64, Micros, Broken)>,
}

/// Plays the history of a seed.
#[must_use]
pub fn play(seed: u64) -> Played {
    Simulation::new(History::of(seed), false).play()
}

/// Plays so many histories from a seed on, or as many as there is time for.
#[must_use]
pub fn play_many(first: u64, histories: u64, within: Duration) -> Sum {
    let (next, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let until = Instant::now() + within;
    on_all_cores(|| {
        let before = cpu();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + histories || Instant::now() >= until {
                break;
            }
            let played = play(seed);
            let mut sum = sum
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            sum.histories += 1;
            sum.inputs += played.inputs;
            sum.broken
                .extend(played.broken.map(|(at, broken)| (seed, at, broken)));
        }
        let mut sum = sum
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sum.cpu += cpu() - before;
    });
    let mut sum = sum
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    sum.broken.sort_by_key(|(seed, ..)| *seed);
    sum
}

/// Does the same on as many threads as there are cores, until it is done on all.
#[expect(
    clippy::disallowed_methods,
    reason = "no service: threads that end with the call"
)]
pub fn on_all_cores(work: impl Fn() + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}

/// Processor time of this thread so far; nothing where the system does not tell.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
