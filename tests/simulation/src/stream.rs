//! Random numbers: each actor draws from a stream of its own, so that leaving one event out of a
//! history changes what no other actor draws.

use stackone_processor_core::random::Random;

/// What one actor draws.
#[derive(Debug)]
pub struct Stream(Random);

impl Stream {
    /// The stream of an actor, by name and number, in the history of a seed.
    #[must_use]
    pub fn of(seed: u64, actor: &str, number: u64) -> Self {
        let name = actor
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mixed = Random::new(seed ^ name.rotate_left(17)).next();
        Self(Random::new(mixed ^ number.wrapping_mul(0x9e37_79b9)))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0.next()
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// A number in `from..to`, or `from`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from))
    }

    /// An index below `end`, or 0.
    pub fn index(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
