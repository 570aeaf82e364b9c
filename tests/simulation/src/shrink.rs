//! Making a history that breaks a rule smaller: fewer events, fewer processes, the same oracle.

use std::time::{Duration, Instant};

use crate::history::{History, Timed};
use crate::simulation::Simulation;

/// The smallest history that was found in time to break what `history` breaks; none where that
/// breaks nothing.
#[must_use]
pub fn shrink(history: &History, within: Duration) -> Option<History> {
    let oracle = breaks(history)?;
    let until = Instant::now() + within;
    let mut smallest = history.clone();
    let is_as_bad = |history: &History| Instant::now() < until && breaks(history) == Some(oracle);
    while smallest.replicas > 1 {
        let fewer = History {
            replicas: smallest.replicas - 1,
            ..smallest.clone()
        };
        if !is_as_bad(&fewer) {
            break;
        }
        smallest = fewer;
    }
    smallest.events = without_needless(smallest.events.clone(), |events| {
        is_as_bad(&History {
            events: events.to_vec(),
            ..smallest.clone()
        })
    });
    Some(smallest)
}

fn breaks(history: &History) -> Option<&'static str> {
    let played = Simulation::new(history.clone(), false).play();
    played.broken.map(|(_, broken)| broken.oracle())
}

/// `ddmin`: leaves out ever smaller parts, as long as what is left is as bad.
pub fn without_needless(
    mut events: Vec<Timed>,
    mut is_as_bad: impl FnMut(&[Timed]) -> bool,
) -> Vec<Timed> {
    let mut parts = 2;
    while events.len() > 1 && parts <= events.len() {
        let size = events.len().div_ceil(parts);
        let starts = (0..events.len()).step_by(size);
        let rest = |start: usize| {
            let end = (start + size).min(events.len());
            [&events[..start], &events[end..]].concat()
        };
        let smaller = starts.map(rest).find(|rest| is_as_bad(rest));
        match smaller {
            Some(smaller) => {
                events = smaller;
                parts = parts.saturating_sub(1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(events.len()),
        }
    }
    events
}
