//! How long answers took, and quantiles of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one measurement found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Answers of 200 a second.
    pub(crate) per_second: f64,
    /// Median, in microseconds.
    pub(crate) p50: u32,
    /// 99 of 100 are no longer, in microseconds.
    pub(crate) p99: u32,
    /// Requests in all, those of the warm-up too.
    pub(crate) posted: u32,
    /// Number of other answers.
    pub(crate) refused: usize,
}

/// Times of answers, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    micros: Vec<u32>,
    refused: usize,
    posted: u32,
}

impl Times {
    /// A request was answered, perhaps too early or too late to count.
    pub(crate) fn posted(&mut self) {
        self.posted += 1;
    }

    /// An answer that counts.
    pub(crate) fn add(&mut self, took: Duration, status: u16) {
        if status == 200 {
            let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
            self.micros.push(micros);
        } else {
            self.refused += 1;
        }
    }

    /// All of them together.
    pub(crate) fn measured(all: Vec<Self>, within: Duration) -> Measured {
        let refused = all.iter().map(|times| times.refused).sum();
        let posted = all.iter().map(|times| times.posted).sum();
        let mut micros: Vec<_> = all.into_iter().flat_map(|times| times.micros).collect();
        micros.sort_unstable();
        let answers = micros.len();
        let quantile = |of_hundred: usize| {
            let at = answers.saturating_sub(1) * of_hundred / 100;
            micros.get(at).copied().unwrap_or_default()
        };
        #[expect(clippy::cast_precision_loss, reason = "there are no 2^52 answers")]
        let count = answers as f64;
        Measured {
            per_second: count / within.as_secs_f64(),
            p50: quantile(50),
            p99: quantile(99),
            posted,
            refused,
        }
    }
}
