//! Dead letters that are committed apart, since their topic may refuse them.

use std::time::Instant;

use jiff::Timestamp;
use rdkafka::error::KafkaError;
use stackone_link_transport::Topic;

use super::Decided;
use super::stage::Stage;
use crate::letter_gate::LetterGate;
use crate::reconciler::{Reconciler, ReconcilerError};
use crate::transaction::TransactionError;

/// Dead letters that are committed apart.
#[derive(Debug, Default)]
pub(in crate::reconciler) struct Letters {
    /// Whether they are, and when.
    pub gate: LetterGate,
    /// Those that wait. Their offsets are open, so that no commit passes them.
    pub held: Vec<Decided>,
}

impl Reconciler {
    /// Takes dead letters out of what is decided, where they go apart. Accounts that cannot be put aside now stay pending:
    /// they would hold lookups' places.
    pub(super) fn set_letters_apart(&mut self, now: Instant) {
        if !self.letters.gate.is_apart() {
            return;
        }
        let is_due = self.letters.gate.is_due(now);
        let letters = self.decided.extract_if(.., |one| one.is_dead_letter());
        for letter in letters.collect::<Vec<_>>() {
            if is_due {
                self.letters.held.push(letter);
            } else {
                self.hold(letter);
            }
        }
    }

    /// Commits the dead letters that go apart, if it is time.
    pub(super) fn commit_letters(&mut self) -> Result<(), ReconcilerError> {
        if self.letters.held.is_empty() || !self.letters.gate.is_due(Instant::now()) {
            return Ok(());
        }
        let mut stage = Stage::new(&self.settings, Timestamp::now());
        for letter in &self.letters.held {
            self.stage_decided(&mut stage, letter)?;
        }
        self.stage_offsets(&mut stage);
        let held = std::mem::take(&mut self.letters.held);
        match self.commit_and_settle(stage) {
            Ok(()) => {
                self.letters.gate.committed();
                Ok(())
            }
            Err(TransactionError::Aborted(error)) => {
                self.tell_refused(held.len(), &error);
                held.into_iter().for_each(|letter| self.hold(letter));
                Ok(())
            }
            Err(
                error @ (TransactionError::Leaderless { .. }
                | TransactionError::Fatal(_)
                | TransactionError::Stuck),
            ) => {
                self.letters.held = held;
                Err(error.into())
            }
        }
    }

    fn hold(&mut self, letter: Decided) {
        if let Decided::GivenUp(given_up) = letter {
            self.stays_pending(&given_up.key, given_up.epoch);
        } else {
            self.letters.held.push(letter);
        }
    }

    fn tell_refused(&mut self, letters: usize, error: &KafkaError) {
        let topic = self.settings.topics.name(Topic::DeadLetter);
        if self.letters.gate.refused(Instant::now()) {
            tracing::error!(
                topic,
                letters,
                %error,
                "dead letters cannot be written; they are tried again, and everything else goes on. See that the topic \
                 exists, may be written, and takes records as large as `stackone-processor topics plan` says"
            );
        }
    }
}
