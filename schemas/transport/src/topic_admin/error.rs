//! Errors of requests about topics, and the time limit of such a request.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{AskError, ClientError, ConfigError};

/// The time limit of one request, and of a new topic to become visible.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Why a request about topics failed.
#[derive(Debug, thiserror::Error)]
pub enum TopicAdminError {
    /// A setting of our own cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No broker answered.
    #[error(transparent)]
    NoAnswer(#[from] AskError),
    /// A broker refused the request.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The client may see the topic, but not its settings (ACL `DescribeConfigs`).
    #[error(
        "the settings of topic {name} may not be seen; allow DescribeConfigs, or set topic_layout.check_settings = false"
    )]
    SettingsForbidden {
        /// The topic's name.
        name: String,
    },
    /// The cluster refused to create a topic.
    #[error(
        "topic {name} could not be made with {partitions} partitions and {replication} replicas (set topic_layout): {code}"
    )]
    NotMade {
        /// The topic's name.
        name: String,
        /// The number of partitions that was asked for.
        partitions: i32,
        /// The number of replicas of each partition.
        replication: i32,
        /// The broker's error.
        code: RDKafkaErrorCode,
    },
}

impl From<ClientError> for TopicAdminError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Config(error) => Self::Config(error),
            ClientError::Kafka(error) => Self::Kafka(error),
        }
    }
}
