//! What the core's generations stand for.

use std::collections::VecDeque;
use std::sync::Arc;

use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_processor_core::processor::input::Generation;

/// A commit that is under way may be of the generation before the newest.
const GENERATIONS: usize = 2;

/// The generations that a commit may still be of.
#[derive(Default)]
pub(super) struct Generations {
    last: u64,
    known: VecDeque<(Generation, Arc<ConsumerGroupMetadata>)>,
}

impl Generations {
    /// A rebalance brought one.
    pub(super) fn add(&mut self, group: ConsumerGroupMetadata) -> Generation {
        self.last += 1;
        let generation = Generation(self.last);
        self.known.push_back((generation, Arc::new(group)));
        if self.known.len() > GENERATIONS {
            self.known.pop_front();
        }
        generation
    }

    pub(super) fn get(&self, generation: Generation) -> Option<Arc<ConsumerGroupMetadata>> {
        let mut known = self.known.iter();
        let found = known.find(|(known, _)| *known == generation);
        found.map(|(_, group)| Arc::clone(group))
    }
}
