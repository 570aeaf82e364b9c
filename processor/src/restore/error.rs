//! Why a partition cannot be restored.

use rdkafka::error::KafkaError;
use stackone_link_schemas::AccountId;
use stackone_link_transport::ConfigError;

use crate::reader::ReaderError;
use stackone_processor_core::state::store::UnreadableState;

/// Why a partition cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The cluster did not answer.
    #[error("state of partition {partition} could not be read")]
    Kafka {
        /// The partition.
        partition: i32,
        /// Why.
        source: KafkaError,
    },
    /// A record of the state topic is in a partition its key does not belong to.
    #[error(
        "the state of account {account} is in partition {partition} of {topic}, but belongs in another: partition \
         counts were changed. Make topics of a new version with the new count, and resync"
    )]
    WrongPartition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The account.
        account: AccountId,
    },
    /// A state cannot be read. Going on without it would use versions again.
    #[error(
        "partition {partition} of {topic}: {error}. It was written by a newer version, or is damaged: run the version \
         that wrote it, or write the state anew"
    )]
    UnreadableState {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Which state, and what is wrong with it.
        error: UnreadableState,
    },
}

impl RestoreError {
    /// Whether trying again cannot help.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        match self {
            Self::WrongPartition { .. } | Self::UnreadableState { .. } => true,
            Self::Config(_) | Self::Kafka { .. } => false,
        }
    }
}

impl ReaderError {
    pub(super) fn in_partition(self, partition: i32) -> RestoreError {
        match self {
            Self::Config(error) => RestoreError::Config(error),
            Self::Kafka(source) => RestoreError::Kafka { partition, source },
        }
    }
}
