//! Why the cluster could not be asked about topics, and how long it may take.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{AskError, ClientError, ConfigError};

/// How long one request to the cluster may take, and how long a new topic may take to be shown.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Why the cluster could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum TopicAdminError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No broker answered.
    #[error(transparent)]
    NoAnswer(#[from] AskError),
    /// A broker refused.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// We may see the topic, but not its settings.
    #[error(
        "the settings of topic {name} may not be seen; allow DescribeConfigs, or set topic_layout.check_settings = false"
    )]
    SettingsForbidden {
        /// The topic.
        name: String,
    },
    /// A topic could not be made.
    #[error(
        "topic {name} could not be made with {partitions} partitions and {replication} replicas (set topic_layout): {code}"
    )]
    NotMade {
        /// The topic.
        name: String,
        /// How many partitions were asked for.
        partitions: i32,
        /// How many replicas of each.
        replication: i32,
        /// Why.
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
