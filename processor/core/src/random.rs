//! The random numbers of one run: a sequence that follows from its seed.

use std::cell::Cell;

use stackone_link_wire::TraceContext;

/// `SplitMix64`: good enough to spread retries and to number spans, and the same on every platform.
#[derive(Debug)]
pub struct Random(Cell<u64>);

impl Random {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// Returns the next number.
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next number that is not 0, as the ids of traces and spans must be.
    pub fn id(&self) -> u64 {
        self.next().max(1)
    }

    /// Starts a trace.
    pub fn trace(&self) -> TraceContext {
        let trace_id = (u128::from(self.id()) << 64) | u128::from(self.next());
        TraceContext::started(trace_id, self.id())
    }

    /// Returns another span of the same trace.
    pub fn span_of(&self, trace: TraceContext) -> TraceContext {
        trace.with_span(self.id())
    }

    /// Returns the next number in `0.0..1.0`.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what the mantissa has"
    )]
    pub fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_follows_from_the_seed_and_fractions_stay_below_one() {
        let numbers = |seed| {
            let random = Random::new(seed);
            (0..1000).map(|_| random.fraction()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        assert!(
            numbers(7)
                .iter()
                .all(|fraction| (0.0..1.0).contains(fraction))
        );
        // The first number of seed 0 in the reference implementation.
        assert_eq!(Random::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}
