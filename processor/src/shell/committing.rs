//! Committing on a thread of its own, since its steps are waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_link_wire::Topic;
use stackone_processor_core::event::records::Batch;
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::{Generation, Transacted};
use stackone_processor_core::steps::transaction::ABORT_WITHIN;

use super::Shell;
use crate::tasks::COMMIT;
use crate::transaction::TransactionError;

/// How long everything may be committed for before partitions are handed over, when one more commit begins.
const ALL_WITHIN: Duration = Duration::from_secs(30);
/// What else may take time between two polls: staging, and asking the cluster about leaders.
const BESIDES: Duration = Duration::from_secs(10);
/// A commit that is under way may be of the generation before the newest.
const GENERATIONS: usize = 2;

/// The longest time without a poll, where transactions may take `timeout`: partitions are handed over, and of the last three
/// transactions, of what is decided, of what was released and of dead letters, one is aborted, which ends them.
pub(crate) const fn longest_without_poll(timeout: Duration) -> Duration {
    let transactions = timeout.saturating_mul(3).saturating_add(ABORT_WITHIN);
    transactions
        .saturating_add(ALL_WITHIN)
        .saturating_add(BESIDES)
}

/// What the core's generations stand for.
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

    fn get(&self, generation: Generation) -> Option<Arc<ConsumerGroupMetadata>> {
        let mut known = self.known.iter();
        let found = known.find(|(known, _)| *known == generation);
        found.map(|(_, group)| Arc::clone(group))
    }
}

impl Shell {
    /// Commits a batch on a thread of its own, which posts how it ended.
    pub(super) fn commit(&self, generation: Generation, batch: Batch) {
        let post = self.inbox.post();
        let Some(group) = self.generations.get(generation) else {
            return post.input(Input::Transacted(Transacted::Aborted {
                error: "the generation is not known any more".into(),
                leaderless: Vec::new(),
            }));
        };
        let transactions = Arc::clone(&self.transactions);
        let topic = self.settings.core.topics.name(Topic::State).to_owned();
        let (answer, commit) = (post.clone(), move || {
            let transacted = match transactions.commit(&batch, &group) {
                Ok(()) => Transacted::Committed,
                // Where it is for the want of a leader that some of our states cannot be written, the run ends: the next one
                // restores what it can and goes on with that, while the others wait for their leader.
                Err(TransactionError::Aborted(error)) => Transacted::Aborted {
                    error: error.into(),
                    leaderless: transactions.leaderless(&topic),
                },
                Err(TransactionError::Fatal(error)) => Transacted::Fatal(error.into()),
            };
            post.input(Input::Transacted(transacted));
        });
        if let Err(error) = self.tasks().spawn_thread(COMMIT, commit) {
            // Nothing has begun: it is tried again a little later.
            tracing::error!(%error, "no thread to commit on");
            answer.input(Input::Transacted(Transacted::Aborted {
                error: error.into(),
                leaderless: Vec::new(),
            }));
        }
    }
}
