//! Sorts librdkafka's errors of a transaction by what the caller has to do.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stackone_link_transport::ConfigError;

use stackone_processor_core::steps::transaction::CallError;

use super::call::STUCK_AFTER;

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Nothing of it is visible. What belongs to assigned partitions can be tried again.
    #[error("transaction aborted")]
    Aborted(#[source] KafkaError),
    /// The producer cannot be used any more. A new one is needed, and memory may be out of date.
    #[error("transactional producer failed for good")]
    Fatal(#[source] KafkaError),
}

/// The client does not return from a call. The calling thread is lost. Once the producer's
/// successor has fenced it, nothing that it still does becomes visible.
#[derive(Debug, thiserror::Error)]
#[error("the client has not come back for {} s from a call that was given a fraction of a second", STUCK_AFTER.as_secs())]
pub struct StuckCall;

impl TransactionError {
    /// Whether another producer with the same `transactional.id` took over.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        let (Self::Aborted(error) | Self::Fatal(error)) = self;
        let code = if let KafkaError::Transaction(error) = error {
            Some(error.code())
        } else {
            error.rdkafka_error_code()
        };
        matches!(
            code,
            Some(
                RDKafkaErrorCode::Fenced
                    | RDKafkaErrorCode::ProducerFenced
                    | RDKafkaErrorCode::InvalidProducerEpoch
            )
        )
    }
}

/// Why a transactional producer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// librdkafka refused the settings, or the transaction coordinator did not answer.
    #[error("transactional producer")]
    Client(#[from] KafkaError),
}

/// An error of a call, and what has to be done about it.
pub(super) type Failed = (CallError, KafkaError);

/// Sorts an error by what has to be done about it.
pub(super) fn sorted(error: KafkaError) -> Failed {
    (sort(&error), error)
}

fn sort(error: &KafkaError) -> CallError {
    if let KafkaError::Transaction(error) = error {
        return match error {
            _ if error.is_fatal() => CallError::Fatal,
            _ if error.is_retriable() => CallError::NotYet,
            _ if error.txn_requires_abort() => CallError::NeedsAbort,
            _ => CallError::Other,
        };
    }
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::Fatal) => CallError::Fatal,
        Some(_) | None => CallError::Other,
    }
}

pub(super) fn is_queue_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}
