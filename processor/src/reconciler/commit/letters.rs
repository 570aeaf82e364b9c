//! Dead letters that are committed apart, since their topic may refuse them.

use crate::clock;
use jiff::Timestamp;
use rdkafka::error::KafkaError;
use stackone_link_wire::Topic;
use stackone_processor_core::time::Monotonic;

use super::Decided;
use super::stage::Stage;
use crate::reconciler::{Reconciler, ReconcilerError};
use crate::transaction::TransactionError;
use stackone_processor_core::dead_letter_backoff::LetterGate;

/// Dead letters that are committed apart.
#[derive(Debug, Default)]
pub(in crate::reconciler) struct Letters {
    /// Whether they are, and when.
    pub gate: LetterGate,
    /// Those that wait. Their offsets are open, so that no commit passes them.
    pub held: Vec<Decided>,
}

/// Most bytes of dead letters in one transaction, so that however many were held it is committed in time, and the memory that
/// staging takes is small.
const TOGETHER: usize = 4 * 1024 * 1024;

/// How many of these go into one transaction: at least one, where there is one.
fn together(letters: &[Decided]) -> usize {
    let mut bytes = 0;
    let fit = letters.iter().take_while(|letter| {
        let is_within = bytes < TOGETHER;
        bytes += letter.bytes();
        is_within
    });
    fit.count()
}

impl Reconciler {
    /// Takes dead letters out of what is decided, where they go apart. Accounts that cannot be put aside now stay pending:
    /// they would hold lookups' places.
    pub(super) fn set_letters_apart(&mut self, now: Monotonic) {
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
        if self.letters.held.is_empty() || !self.letters.gate.is_due(clock::monotonic()) {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.letters.held);
        let stage = self.stage_letters(&held[..together(&held)]);
        match stage.and_then(|stage| Ok(self.commit_and_settle(stage)?)) {
            Ok(()) => {
                held.drain(..together(&held));
                if held.is_empty() {
                    self.letters.gate.committed();
                }
                self.letters.held = held;
                Ok(())
            }
            Err(ReconcilerError::Transaction(TransactionError::Aborted(error))) => {
                self.tell_refused(held.len(), &error);
                held.into_iter().for_each(|letter| self.hold(letter));
                Ok(())
            }
            Err(error) => {
                self.letters.held = held;
                Err(error)
            }
        }
    }

    fn stage_letters(&self, letters: &[Decided]) -> Result<Stage, ReconcilerError> {
        let mut stage = Stage::new(&self.settings, Timestamp::now());
        for letter in letters {
            self.stage_decided(&mut stage, letter)?;
        }
        self.stage_offsets(&mut stage);
        Ok(stage)
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
        if self.letters.gate.refused(clock::monotonic()) {
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

#[cfg(test)]
mod tests {
    use stackone_link_schemas::DeadLetterReason;

    use super::*;
    use stackone_processor_core::event::intake::Consumed;

    fn letter(bytes: usize) -> Decided {
        let record = Consumed {
            partition: 0,
            offset: 0,
            timestamp_ms: 0,
            key: None,
            value: vec![0; bytes],
            headers: None,
        };
        Decided::Unusable {
            record: Box::new(record),
            reason: DeadLetterReason::MalformedEvent,
            detail: String::new(),
            seen: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn letters_go_in_transactions_of_few_megabytes_and_a_large_one_goes_at_all() {
        let of = |sizes: &[usize]| {
            let letters: Vec<Decided> = sizes.iter().copied().map(letter).collect();
            together(&letters)
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[1, 2, 3]), 3);
        assert_eq!(of(&[TOGETHER * 2, 1]), 1);
        assert_eq!(of(&[TOGETHER / 2, TOGETHER / 2, 1]), 2);
    }
}
