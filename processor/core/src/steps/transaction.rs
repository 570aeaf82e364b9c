//! One transaction: begin, produce, flush, send offsets, commit; or abort.
//!
//! The flush before the offsets makes sure that no record can be appended after the broker checked
//! the generation (KIP-447). A commit that timed out may have happened, so it is called again and
//! never aborted. Where the outcome stays unknown, a new producer is needed, which waits for the
//! transaction to end, and a restore reads what became of it.

use std::time::Duration;

use crate::planted::{Fault, planted};
use crate::time::Monotonic;

/// How long an abort may take: longer than a broker takes to restart. Within it no new producer is
/// needed and nothing is restored.
pub const ABORT_WITHIN: Duration = Duration::from_secs(60);
/// How long a transaction may still take once the process stops.
pub const WHEN_STOPPING: Duration = Duration::from_secs(4);

/// A call of the transactional producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProducerCall {
    /// Begin the transaction.
    Begin,
    /// Hand the record at this index of the batch to the client.
    Produce(usize),
    /// Return whether every record was delivered; [`CallError::NotYet`] while some were not.
    Flush,
    /// Send the offsets, by which the broker checks member and generation.
    SendOffsets,
    /// Commit the transaction.
    Commit,
    /// Abort the transaction.
    Abort,
}

/// Why a call failed, by what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// The client has no room for a record now, has not delivered all of them, or asks for another
    /// call.
    NotYet,
    /// The transaction has to be aborted.
    NeedsAbort,
    /// The producer cannot be used any more.
    Fatal,
    /// Any other error.
    Other,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is visible.
    Committed,
    /// None of it is visible.
    Aborted,
    /// The producer cannot be used any more, or it is not known whether the transaction was
    /// committed.
    Fatal,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStep {
    /// Make this call.
    Call(ProducerCall),
    /// Nothing more: the transaction has ended.
    Done(Outcome),
}

/// The machine of one transaction.
#[derive(Debug, Clone)]
pub struct TransactionSteps {
    next: TransactionStep,
    records: usize,
    allowed: Duration,
    /// When the transaction or its abort began.
    began: Monotonic,
}

impl TransactionSteps {
    /// Starts a transaction of this many records that may take as long as `allowed`.
    #[must_use]
    pub const fn new(records: usize, allowed: Duration, now: Monotonic) -> Self {
        Self {
            next: TransactionStep::Call(ProducerCall::Begin),
            records,
            allowed,
            began: now,
        }
    }

    /// Returns the next step.
    #[must_use]
    pub const fn next(&self) -> TransactionStep {
        self.next
    }

    /// Takes the result of the call.
    pub fn ended(&mut self, result: Result<(), CallError>, is_stopping: bool, now: Monotonic) {
        let TransactionStep::Call(call) = self.next else {
            return;
        };
        self.next = match (call, result) {
            (ProducerCall::Begin, Ok(())) => self.produce(0),
            // No transaction began, so there is nothing to abort.
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
mod tests;
