//! How many times as fast one variant is as another, and how sure that is.

use fastrand::Rng;

/// How often rounds are drawn anew.
const DRAWS: usize = 4_000;

/// The median of the rounds' ratios, and the interval that has 90 of 100 medians of rounds drawn
/// anew (bootstrap): between its ends the ratio lies, as far as these rounds can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Ratio {
    /// Of the ratio of each round.
    pub(crate) fn of(rounds: &[f64]) -> Self {
        let mut random = Rng::with_seed(1);
        let draw = || {
            let drawn = (0..rounds.len()).filter_map(|_| random.choice(rounds).copied());
            median(drawn.collect())
        };
        let mut medians: Vec<_> = std::iter::repeat_with(draw).take(DRAWS).collect();
        medians.sort_by(f64::total_cmp);
        let at = |of_hundred: usize| {
            let place = medians.len() * of_hundred / 100;
            medians.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            median: median(rounds.to_vec()),
            low: at(5),
            high: at(95),
        }
    }
}

/// Of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) {
        f64::midpoint(at(middle.saturating_sub(1)), at(middle))
    } else {
        at(middle)
    }
}
