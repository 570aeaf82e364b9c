//! A histogram for each outcome.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus::{Histogram, HistogramVec};

use crate::answer::outcome::Outcome;

/// Histograms by outcome, each looked up by its label once and kept: to look one up takes a lock
/// that all workers share. One that has nothing to show is not shown.
pub(super) struct ByOutcome {
    all: HistogramVec,
    kept: [OnceLock<Histogram>; Outcome::ALL.len()],
}

impl ByOutcome {
    pub(super) fn of(all: HistogramVec) -> Self {
        let kept = Outcome::ALL.map(|_outcome| OnceLock::new());
        Self { all, kept }
    }

    pub(super) fn observe(&self, outcome: Outcome, took: Duration) {
        let label = || self.all.with_label_values(&[outcome.reason()]);
        match self.kept.get(outcome as usize) {
            Some(kept) => kept.get_or_init(label).observe(took.as_secs_f64()),
            None => label().observe(took.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::opts::latency;

    #[test]
    fn each_outcome_has_a_histogram_of_its_own() {
        let durations = HistogramVec::new(latency("duration", "Help."), &["outcome"]);
        let durations = ByOutcome::of(durations.unwrap());
        for (nth, outcome) in Outcome::ALL.into_iter().enumerate() {
            for _ in 0..=nth {
                durations.observe(outcome, Duration::from_millis(1));
            }
        }
        for (nth, outcome) in Outcome::ALL.into_iter().enumerate() {
            let shown = durations.all.with_label_values(&[outcome.reason()]);
            assert_eq!(shown.get_sample_count(), u64::try_from(nth).unwrap() + 1);
        }
    }
}
