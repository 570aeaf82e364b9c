//! One transaction: begin, produce, flush, send offsets, commit; or abort.
//!
//! Flushing before the offsets are sent makes sure that no record can be appended after the broker checked the generation
//! (KIP-447). A commit that timed out may have happened, so it is called again and never aborted: one whose outcome stays
//! unknown needs a new producer, which waits for it, and restoring reads the truth.

use std::time::Duration;

use crate::planted::{Fault, planted};
use crate::time::Monotonic;

/// How long an abort may take: longer than a broker takes to be started again. Within it, no new producer is needed and
/// nothing is restored.
pub const ABORT_WITHIN: Duration = Duration::from_secs(60);
/// How long a transaction may still take once the process stops.
pub const WHEN_STOPPING: Duration = Duration::from_secs(4);

/// A call into the transactional producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProducerCall {
    /// Begin the transaction.
    Begin,
    /// Hand the record at this place of the batch to the client.
    Produce(usize),
    /// Say whether every record handed over was delivered; [`CallError::NotYet`] while some are under way.
    Flush,
    /// Send the offsets, by which the broker checks member and generation.
    SendOffsets,
    /// Commit it.
    Commit,
    /// Abort it.
    Abort,
}

/// Why a call was of no use, by what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// The client has no room for a record now, or has not delivered all of them, or asks to be called again.
    NotYet,
    /// The transaction has to be aborted.
    NeedsAbort,
    /// The producer is of no more use.
    Fatal,
    /// Anything else.
    Other,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is visible.
    Committed,
    /// Nothing of it is visible.
    Aborted,
    /// The producer is of no more use, or whether it was committed is not known.
    Fatal,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStep {
    /// Make this call.
    Call(ProducerCall),
    /// It is over.
    Done(Outcome),
}

/// A transaction under way.
#[derive(Debug, Clone)]
pub struct TransactionSteps {
    next: TransactionStep,
    records: usize,
    allowed: Duration,
    /// When the transaction, or its abort, began.
    began: Monotonic,
}

impl TransactionSteps {
    /// A transaction of so many records that may take so long.
    #[must_use]
    pub const fn new(records: usize, allowed: Duration, now: Monotonic) -> Self {
        Self {
            next: TransactionStep::Call(ProducerCall::Begin),
            records,
            allowed,
            began: now,
        }
    }

    /// What comes next.
    #[must_use]
    pub const fn next(&self) -> TransactionStep {
        self.next
    }

    /// The call that came next has ended.
    pub fn ended(&mut self, result: Result<(), CallError>, is_stopping: bool, now: Monotonic) {
        let TransactionStep::Call(call) = self.next else {
            return;
        };
        self.next = match (call, result) {
            (ProducerCall::Begin, Ok(())) => self.produce(0),
            // Nothing was begun, so there is nothing to abort.
            (ProducerCall::Begin, Err(_)) => TransactionStep::Done(Outcome::Fatal),
            (ProducerCall::Produce(at), Ok(())) => self.produce(at + 1),
            (ProducerCall::Flush, Ok(())) if planted(Fault::OffsetsNotSent) => {
                TransactionStep::Call(ProducerCall::Commit)
            }
            (ProducerCall::Flush, _) if planted(Fault::FlushNotAwaited) => {
                TransactionStep::Call(ProducerCall::SendOffsets)
            }
            (ProducerCall::Commit, Err(CallError::NotYet))
                if planted(Fault::TimedOutCommitAborted) =>
            {
                TransactionStep::Done(Outcome::Aborted)
            }
            (ProducerCall::Flush, Ok(())) => TransactionStep::Call(ProducerCall::SendOffsets),
            (ProducerCall::SendOffsets, Ok(())) => TransactionStep::Call(ProducerCall::Commit),
            (ProducerCall::Commit, Ok(())) => TransactionStep::Done(Outcome::Committed),
            (ProducerCall::Abort, Ok(())) => TransactionStep::Done(Outcome::Aborted),
            (_, Err(CallError::NotYet)) if !self.is_over(is_stopping, now) => self.next,
            (ProducerCall::Commit, Err(CallError::NeedsAbort)) => self.abort(now),
            (ProducerCall::Commit | ProducerCall::Abort, Err(_)) => {
                TransactionStep::Done(Outcome::Fatal)
            }
            (
                ProducerCall::Produce(_) | ProducerCall::Flush | ProducerCall::SendOffsets,
                Err(CallError::Fatal),
            ) => TransactionStep::Done(Outcome::Fatal),
            (
                ProducerCall::Produce(_) | ProducerCall::Flush | ProducerCall::SendOffsets,
                Err(CallError::NotYet | CallError::NeedsAbort | CallError::Other),
            ) => self.abort(now),
        };
    }

    const fn produce(&self, at: usize) -> TransactionStep {
        TransactionStep::Call(if at < self.records {
            ProducerCall::Produce(at)
        } else {
            ProducerCall::Flush
        })
    }

    const fn abort(&mut self, now: Monotonic) -> TransactionStep {
        self.began = now;
        self.allowed = ABORT_WITHIN;
        TransactionStep::Call(ProducerCall::Abort)
    }

    fn is_over(&self, is_stopping: bool, now: Monotonic) -> bool {
        let allowed = if is_stopping {
            self.allowed.min(WHEN_STOPPING)
        } else {
            self.allowed
        };
        now.duration_since(self.began) >= allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Duration = Duration::from_secs(10);

    /// Runs a transaction of two records, whose calls end as `end` says; gives the calls and the outcome.
    fn run(
        end: impl Fn(ProducerCall, usize) -> Result<(), CallError>,
    ) -> (Vec<ProducerCall>, Outcome, Duration) {
        let mut steps = TransactionSteps::new(2, ALLOWED, Monotonic::START);
        let (mut calls, mut now): (Vec<ProducerCall>, _) = (Vec::new(), Monotonic::START);
        loop {
            match steps.next() {
                TransactionStep::Done(outcome) => return (calls, outcome, now - Monotonic::START),
                TransactionStep::Call(call) => {
                    let before = calls.iter().filter(|made| **made == call).count();
                    calls.push(call);
                    now += Duration::from_secs(1);
                    steps.ended(end(call, before), false, now);
                }
            }
        }
    }

    #[test]
    fn records_are_flushed_before_offsets_are_sent_and_offsets_before_the_commit() {
        let (calls, outcome, _) = run(|_, _| Ok(()));
        let expected = [
            ProducerCall::Begin,
            ProducerCall::Produce(0),
            ProducerCall::Produce(1),
            ProducerCall::Flush,
            ProducerCall::SendOffsets,
            ProducerCall::Commit,
        ];
        assert_eq!(
            (calls.as_slice(), outcome),
            (&expected[..], Outcome::Committed)
        );
    }

    #[test]
    fn what_fails_before_the_commit_is_aborted_and_a_producer_of_no_use_is_not() {
        for failing in [
            ProducerCall::Produce(1),
            ProducerCall::Flush,
            ProducerCall::SendOffsets,
        ] {
            for (error, outcome) in [
                (CallError::Other, Outcome::Aborted),
                (CallError::NeedsAbort, Outcome::Aborted),
                (CallError::NotYet, Outcome::Aborted),
                (CallError::Fatal, Outcome::Fatal),
            ] {
                let end = |call, _| if call == failing { Err(error) } else { Ok(()) };
                let (calls, ended, took) = run(end);
                assert_eq!(ended, outcome, "{failing:?} {error:?}");
                assert!(
                    !calls.contains(&ProducerCall::Commit),
                    "{failing:?} {error:?}"
                );
                assert_eq!(
                    calls.contains(&ProducerCall::Abort),
                    outcome == Outcome::Aborted
                );
                if error == CallError::NotYet {
                    assert!(
                        took >= ALLOWED,
                        "{failing:?} was tried for as long as is allowed"
                    );
                }
            }
        }
    }

    #[test]
    fn a_commit_that_timed_out_is_called_again_and_never_aborted() {
        let (calls, outcome, _) = run(|call, before| {
            if call == ProducerCall::Commit && before < 2 {
                Err(CallError::NotYet)
            } else {
                Ok(())
            }
        });
        assert_eq!(outcome, Outcome::Committed);
        assert_eq!(
            calls
                .iter()
                .filter(|call| **call == ProducerCall::Commit)
                .count(),
            3
        );

        for error in [CallError::NotYet, CallError::Other, CallError::Fatal] {
            let end = |call, _| {
                if call == ProducerCall::Commit {
                    Err(error)
                } else {
                    Ok(())
                }
            };
            let (calls, outcome, _) = run(end);
            assert_eq!(outcome, Outcome::Fatal, "{error:?}");
            assert!(!calls.contains(&ProducerCall::Abort), "{error:?}");
        }
    }

    #[test]
    fn a_commit_that_the_client_refuses_is_aborted_and_an_abort_has_a_time_of_its_own() {
        let (_, outcome, took) = run(|call, before| match call {
            ProducerCall::Commit => Err(CallError::NeedsAbort),
            ProducerCall::Abort if before < 30 => Err(CallError::NotYet),
            ProducerCall::Begin
            | ProducerCall::Produce(_)
            | ProducerCall::Flush
            | ProducerCall::SendOffsets
            | ProducerCall::Abort => Ok(()),
        });
        assert_eq!(outcome, Outcome::Aborted);
        assert!(took > ALLOWED);
        let (_, outcome, took) = run(|call, _| match call {
            ProducerCall::Commit => Err(CallError::NeedsAbort),
            ProducerCall::Abort => Err(CallError::NotYet),
            ProducerCall::Begin
            | ProducerCall::Produce(_)
            | ProducerCall::Flush
            | ProducerCall::SendOffsets => Ok(()),
        });
        assert_eq!(outcome, Outcome::Fatal);
        assert!(took >= ABORT_WITHIN);
    }

    #[test]
    fn where_nothing_could_be_begun_nothing_is_aborted() {
        let (calls, outcome, _) = run(|_, _| Err(CallError::Other));
        assert_eq!(
            (calls.as_slice(), outcome),
            (&[ProducerCall::Begin][..], Outcome::Fatal)
        );
    }

    #[test]
    fn a_process_that_stops_waits_no_longer_than_that_allows() {
        let mut steps = TransactionSteps::new(0, ALLOWED, Monotonic::START);
        steps.ended(Ok(()), true, Monotonic::START);
        steps.ended(
            Err(CallError::NotYet),
            true,
            Monotonic::START + WHEN_STOPPING / 2,
        );
        assert_eq!(steps.next(), TransactionStep::Call(ProducerCall::Flush));
        steps.ended(
            Err(CallError::NotYet),
            true,
            Monotonic::START + WHEN_STOPPING,
        );
        assert_eq!(steps.next(), TransactionStep::Call(ProducerCall::Abort));
    }
}
