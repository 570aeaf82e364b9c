//! The error of a request.

use rdkafka::error::KafkaError;

use super::Trouble;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The client reported what keeps it from its brokers.
    #[error("{trouble}")]
    Trouble {
        /// The report.
        trouble: Trouble,
        /// The error of the request.
        source: KafkaError,
    },
    /// The client reported nothing, or a broker refused the request.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}
