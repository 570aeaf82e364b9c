//! Keeps the group metadata behind the core's generations.

use std::collections::VecDeque;
use std::sync::Arc;

use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_processor_core::processor::input::Generation;

/// How many are kept: a commit under way may belong to the generation before the newest.
const GENERATIONS: usize = 2;

/// The generations to which a commit may still belong.
#[derive(Default)]
pub(super) struct Generations {
    last: u64,
    known: VecDeque<(Generation, Arc<ConsumerGroupMetadata>)>,
}

impl Generations {
    /// Adds the metadata of a rebalance. Returns its generation for the core.
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
