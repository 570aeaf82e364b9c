//! What goes on while a transaction is committed: answers are taken in and lookups sent.
//!
//! Nothing of that touches what is staged, since whatever is decided in the meantime goes into the next transaction. The
//! consumer is not polled, so that no record is taken in and no rebalance comes between a transaction's steps.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::consumer::ConsumerGroupMetadata;

use crate::message::Message;
use crate::reconciler::{IDLE, Reconciler};
use crate::transaction::{Batch, TransactionError};

impl Reconciler {
    /// Commits a batch on a thread of its own, beside lookups.
    pub(super) fn commit_beside_lookups(
        &mut self,
        batch: &Batch,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        let (transactions, post) = (Arc::clone(&self.transactions), self.post.clone());
        let commit = move || {
            let result = transactions.commit(batch, group);
            drop(post.send(Message::CommitEnded));
            result
        };
        std::thread::scope(|scope| {
            let committing = scope.spawn(commit);
            self.look_up_until(|| committing.is_finished());
            committing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Takes answers in and sends lookups, until it is told that the commit has ended. What else it is told waits.
    fn look_up_until(&mut self, has_ended: impl Fn() -> bool) {
        let mut for_later = Vec::new();
        // A commit that panics does not say that it has ended.
        while !has_ended() {
            self.send_lookups();
            let wait = self.next_lookup(Instant::now()).map_or(IDLE, |next| {
                next.saturating_duration_since(Instant::now()).min(IDLE)
            });
            match self.inbox.recv_timeout(wait) {
                Ok(Message::CommitEnded) => break,
                Ok(Message::Answer(answer)) => self.answered(answer),
                Ok(Message::Batch(answer)) => self.batch_answered(answer),
                Ok(Message::Probed { lane, result }) => self.probed(lane, result),
                Ok(
                    other @ (Message::Readable
                    | Message::Restored { .. }
                    | Message::Reached(_)
                    | Message::GivenUp(_)
                    | Message::NotReread { .. }),
                ) => for_later.push(other),
                Err(_nothing_came) => {}
            }
        }
        for message in for_later {
            drop(self.post.send(message));
        }
    }
}
