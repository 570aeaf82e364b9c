//! What goes on while a transaction is committed: answers are taken in and lookups sent.
//!
//! Nothing of that touches what is staged, since whatever is decided in the meantime goes into the next transaction. The
//! consumer is not polled, so that no record is taken in and no rebalance comes between a transaction's steps.

use crate::clock;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use stackone_link_process::spawn::spawn_thread;

use crate::message::Message;
use crate::reconciler::{IDLE, Reconciler};
use crate::tasks;
use crate::transaction::TransactionError;
use stackone_processor_core::event::records::Batch;

/// After so many accounts it is time to look for answers: what a thousand of them take is a quarter of an API's answer.
const TURNS: usize = 32;

/// Counts the accounts that are staged or settled in turn.
#[derive(Default)]
pub(super) struct Turns(usize);

impl Reconciler {
    /// Commits a batch on a thread of its own, beside lookups. A thread that will not come back is left behind.
    pub(super) fn commit_beside_lookups(
        &mut self,
        batch: Batch,
        group: Arc<ConsumerGroupMetadata>,
    ) -> Result<(), TransactionError> {
        let (transactions, post) = (Arc::clone(&self.transactions), self.post.clone());
        let commit = move || {
            let result = transactions.commit(&batch, &group);
            drop(post.send(Message::CommitEnded));
            result
        };
        let committing = spawn_thread(tasks::COMMIT, commit).map_err(|error| {
            // Nothing has begun: it is tried again a little later.
            tracing::error!(%error, "no thread to commit on");
            TransactionError::Aborted(KafkaError::Canceled)
        })?;
        self.look_up_until(|| committing.is_finished())?;
        committing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Takes answers in and sends lookups, until it is told that the commit has ended. What else it is told waits.
    ///
    /// # Errors
    ///
    /// Where the commit will not end.
    fn look_up_until(&mut self, has_ended: impl Fn() -> bool) -> Result<(), TransactionError> {
        let (mut for_later, mut result) = (Vec::new(), Ok(()));
        // A commit that panics does not say that it has ended.
        while !has_ended() {
            if self.transactions.is_stuck() {
                result = Err(TransactionError::Stuck);
                break;
            }
            let wait = self.look_up_and_wait();
            let Ok(message) = self.inbox.recv_timeout(wait) else {
                continue;
            };
            if let ControlFlow::Break(()) = self.told_meanwhile(message, &mut for_later) {
                break;
            }
        }
        self.hear_later(for_later);
        result
    }

    /// Sends lookups, unless partitions are given up, and gives how long there is nothing else to do.
    fn look_up_and_wait(&mut self) -> Duration {
        if !self.asks_on {
            return IDLE;
        }
        self.send_lookups();
        self.next_lookup(clock::monotonic()).map_or(IDLE, |next| {
            next.saturating_duration_since(clock::monotonic()).min(IDLE)
        })
    }

    /// Now and then, where many accounts are staged or settled in turn, takes in what was answered, and sends lookups.
    pub(super) fn look_up_in(&mut self, turns: &mut Turns) {
        turns.0 += 1;
        if !self.asks_on || !turns.0.is_multiple_of(TURNS) {
            return;
        }
        let mut for_later = Vec::new();
        while let Ok(message) = self.inbox.try_recv() {
            // No commit is under way whose end could be told.
            let _continues = self.told_meanwhile(message, &mut for_later);
        }
        self.hear_later(for_later);
        self.send_lookups();
    }

    /// Takes an answer in, or leaves a message for later; breaks off where a commit has ended.
    fn told_meanwhile(
        &mut self,
        message: Message,
        for_later: &mut Vec<Message>,
    ) -> ControlFlow<()> {
        // Where partitions are given up, it is with what was decided before.
        if !self.asks_on && !matches!(message, Message::CommitEnded) {
            for_later.push(message);
            return ControlFlow::Continue(());
        }
        match message {
            Message::CommitEnded => return ControlFlow::Break(()),
            Message::Answer(answer) => self.answered(answer),
            Message::Batch(answer) => self.batch_answered(answer),
            Message::Probed { lane, result } => self.probed(lane, result),
            other @ (Message::Readable
            | Message::Restored { .. }
            | Message::Reached(_)
            | Message::MarkersRead { .. }
            | Message::ResyncEnded { .. }
            | Message::GivenUp(_)
            | Message::NotReread { .. }
            | Message::Died(_)) => for_later.push(other),
        }
        ControlFlow::Continue(())
    }

    fn hear_later(&self, messages: Vec<Message>) {
        for message in messages {
            drop(self.post.send(message));
        }
    }
}
