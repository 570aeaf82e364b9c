//! Lets tests act between the steps of a transaction.

use rdkafka::error::KafkaResult;

use stackone_processor_core::event::records::Batch;

/// A step that a process may die or sleep before or after, with different results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Before it, the broker has nothing of the transaction.
    Begin,
    /// Before it, the broker has the records. It checks the generation in this step.
    SendOffsets,
    /// Before it, the broker has everything, and nothing is decided.
    Commit,
}

/// Acts around the steps of each transaction. The proof of fencing stops a process between two
/// steps, and the proof of that proof leaves one out. The service has [`Undisturbed`], and no
/// setting changes that.
pub trait Around: Send + Sync {
    /// Takes the step by calling `take`, and returns its result.
    ///
    /// # Errors
    ///
    /// Fails where the step fails.
    fn around(
        &self,
        step: Step,
        batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()>;
}

/// Takes each step, and does nothing else.
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
