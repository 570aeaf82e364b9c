//! Commits on a thread of its own, because its steps wait.

use std::sync::Arc;

use stackone_link_wire::Topic;
use stackone_processor_core::event::records::Batch;
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::{Generation, Transacted};

use super::Shell;
use crate::tasks::COMMIT;
use crate::transaction::TransactionError;

impl Shell {
    /// Commits a batch on a thread of its own, which posts the result.
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
                // Where a partition of the state topic has no leader, the run ends. The next run
                // restores the others and goes on with them, while that partition waits for its
                // leader.
                Err(TransactionError::Aborted(error)) => Transacted::Aborted {
                    error: error.into(),
                    leaderless: transactions.leaderless(&topic),
                },
                Err(TransactionError::Fatal(error)) => Transacted::Fatal(error.into()),
            };
            post.input(Input::Transacted(transacted));
        });
        if let Err(error) = self.tasks().spawn_thread(COMMIT, commit) {
            // No transaction has begun, so the core tries again a little later.
            tracing::error!(%error, "no thread to commit on");
            answer.input(Input::Transacted(Transacted::Aborted {
                error: error.into(),
                leaderless: Vec::new(),
            }));
        }
    }
}
