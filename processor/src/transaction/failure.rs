//! What can go wrong with a transaction, by what the caller will do, and how librdkafka says it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stackone_link_transport::ConfigError;

use super::call::STUCK_AFTER;

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Nothing of it is visible; what is still owned can be tried again.
    #[error("transaction aborted")]
    Aborted(#[source] KafkaError),
    /// Nothing of it is visible, and nothing that writes to these partitions can be committed until one of their replicas is
    /// back. What touches others can.
    #[error("partitions {partitions:?} of {topic} have no leader")]
    Leaderless {
        /// The topic.
        topic: String,
        /// Its partitions.
        partitions: Vec<i32>,
    },
    /// The producer is of no more use: a new one is needed, and what was in memory may be out of date.
    #[error("transactional producer failed for good")]
    Fatal(#[source] KafkaError),
    /// The client does not come back from a call. As [`Self::Fatal`], and the thread that called is lost: when the producer's
    /// successor has fenced it, nothing that it still does is visible.
    #[error("the client has not come back for {} s from a call that was given a fraction of a second", STUCK_AFTER.as_secs())]
    Stuck,
}

impl TransactionError {
    /// Whether another producer with the same `transactional.id` took over.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        let (Self::Aborted(error) | Self::Fatal(error)) = self else {
            return false;
        };
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

/// Why a transactional producer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client refused its settings, or the transaction coordinator did not answer.
    #[error("transactional producer")]
    Client(#[from] KafkaError),
}

pub(super) fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable())
}

pub(super) fn needs_abort(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.txn_requires_abort())
}

pub(super) fn is_fatal(error: &KafkaError) -> bool {
    if let KafkaError::Transaction(error) = error {
        return error.is_fatal();
    }
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
}

pub(super) fn is_queue_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}
