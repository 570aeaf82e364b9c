//! Why a topic is not read, by what the caller can do.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::ClientError;

/// Why a topic is not read. None of them ends a [`Reading`](super::Reading): who polls on goes on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// We may not read the topic, or not as this group.
    #[error("topic {topic} may not be read: {source}")]
    Forbidden {
        /// The topic.
        topic: String,
        /// What was refused.
        source: KafkaError,
    },
    /// There is no such topic or partition.
    #[error("topic {0} does not exist or cannot be seen")]
    Missing(String),
    /// Nothing came from the partitions that are not at their ends.
    #[error("nothing came from topic {topic} for {} s", patience.as_secs_f32())]
    Stalled {
        /// The topic.
        topic: String,
        /// For how long.
        patience: Duration,
        /// What the client reported last, which need not be the cause.
        #[source]
        last: Option<KafkaError>,
    },
    /// The cluster does not answer, or the client failed for good.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl ReadError {
    pub(super) fn of(error: KafkaError, topic: &str) -> Self {
        let topic = topic.to_owned();
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed,
            ) => Self::Forbidden {
                topic,
                source: error,
            },
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition,
            ) => Self::Missing(topic),
            _ => Self::Kafka(error),
        }
    }
}
