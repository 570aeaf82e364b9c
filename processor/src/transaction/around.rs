//! Standing around the steps of a transaction, which only tests do.

use rdkafka::error::KafkaResult;

use stackone_processor_core::event::records::Batch;

/// A step between which a process may die or sleep with a different outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing of the transaction is with the broker yet.
    Begin,
    /// The records are with the broker; the generation is checked in this step.
    SendOffsets,
    /// All is with the broker and nothing decided.
    Commit,
}

/// Stands around the steps of each transaction. The proof that fencing holds stops a process between two of them, and
/// the proof of that proof leaves one out; the service has [`Undisturbed`], and no setting changes that.
pub trait Around: Send + Sync {
    /// Takes the step by calling `take`, and gives what it gave.
    ///
    /// # Errors
    ///
    /// Those of the step.
    fn around(
        &self,
        step: Step,
        batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()>;
}

/// Takes each step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undisturbed;

impl Around for Undisturbed {
    fn around(
        &self,
        _step: Step,
        _batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()> {
        take()
    }
}
