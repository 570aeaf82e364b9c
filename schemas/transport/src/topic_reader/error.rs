//! Errors of reading a topic, by what the caller can do.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::ClientError;

/// Why a topic is not read. None of these ends a [`Reading`](super::Reading): the next poll goes
/// on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The client could not be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The client has no right to the topic, or to the group that it names.
    #[error("topic {topic} may not be read: {source}")]
    Forbidden {
        /// The topic's name.
        topic: String,
        /// The broker's refusal.
        source: KafkaError,
    },
    /// The topic or a partition of it does not exist.
    #[error("topic {0} does not exist or cannot be seen")]
    Missing(String),
    /// The partitions that have not ended were silent for too long.
    #[error("nothing came from topic {topic} for {} s", patience.as_secs_f32())]
    Stalled {
        /// The topic's name.
        topic: String,
        /// How long they were silent.
        patience: Duration,
        /// The last report of the client, which need not be the cause.
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
