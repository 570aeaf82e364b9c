//! The member of the consumer group: no other code subscribes, polls, pauses or answers rebalances.

mod questions;
mod rebalances;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use stackone_link_transport::{ConfigError, KafkaConfig};

use crate::reader::consumed;
pub use questions::GroupQuestions;
use rebalances::Rebalances;
pub use rebalances::{OwnershipChange, Rebalance};
pub use settings::Membership;
use settings::consumer_config;
pub(crate) use settings::{DEFAULT_POLL_INTERVAL, POLL_INTERVAL};
use stackone_processor_core::event::intake::Consumed;

/// A member of the processor's consumer group. It leaves the group when it and all its
/// [`GroupQuestions`] are dropped, also during a panic.
pub struct GroupConsumer {
    questions: GroupQuestions,
}

/// The result of a poll.
pub enum Polled {
    /// A record.
    Record(Box<Consumed>),
    /// Nothing can be read now.
    Nothing,
    /// The client reports an error from which it recovers on its own.
    Error(KafkaError),
}

/// Why the consumer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerStartError {
    /// A setting of our own cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// librdkafka refused the properties.
    #[error("consumer")]
    Client(#[from] KafkaError),
}

impl GroupConsumer {
    /// Joins the group. `on_readable` is called on another thread whenever a poll may bring
    /// something.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used.
    pub fn join(
        kafka: &KafkaConfig,
        membership: &Membership,
        topic: &str,
        on_readable: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, ConsumerStartError> {
        let config = consumer_config(kafka, membership)?;
        let prepare = |consumer: &mut BaseConsumer<Rebalances>| {
            consumer.set_nonempty_callback(on_readable);
        };
        let consumer = config.create_prepared(Rebalances::default(), prepare)?;
        consumer.subscribe(&[topic])?;
        Ok(Self {
            questions: GroupQuestions {
                consumer: Arc::new(consumer),
                topic: topic.to_owned(),
            },
        })
    }

    /// Reads a record, or queues a rebalance. Never waits.
    #[must_use]
    pub fn poll(&self) -> Polled {
        match self.consumer().poll(Duration::ZERO) {
            None => Polled::Nothing,
            Some(Err(error)) => Polled::Error(error),
            Some(Ok(message)) => Polled::Record(Box::new(consumed(&message))),
        }
    }

    /// Returns the oldest rebalance that has no answer yet.
    #[must_use]
    pub fn next_rebalance(&self) -> Option<Rebalance> {
        self.consumer().context().next()
    }

    /// Takes partitions over. They stay paused until they are restored.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses.
    pub fn assign(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        let list = self.list(partitions);
        self.consumer().incremental_assign(&list)?;
        if partitions.is_empty() {
            Ok(())
        } else {
            self.consumer().pause(&list)
        }
    }

    /// Gives partitions up.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses.
    pub fn unassign(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().incremental_unassign(&self.list(partitions))
    }

    /// Pauses partitions, and discards what was read ahead of them.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses.
    pub fn pause(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().pause(&self.list(partitions))
    }

    /// Resumes partitions.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses.
    pub fn resume(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().resume(&self.list(partitions))
    }

    /// Has rebalances answered at once from now on, and answers those that wait: when the client is
    /// dropped it polls until nothing is assigned any more, which would last for ever if nobody
    /// answered.
    fn close(&self) {
        self.consumer().context().close();
        while let Some(rebalance) = self.next_rebalance() {
            let answered = match rebalance.change {
                OwnershipChange::Assigned(partitions) => self.assign(&partitions),
                OwnershipChange::Revoked(partitions) | OwnershipChange::Lost(partitions) => {
                    self.unassign(&partitions)
                }
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "a rebalance could not be answered while closing");
            }
        }
    }

    /// Returns what other threads may use to make requests.
    #[must_use]
    pub fn questions(&self) -> GroupQuestions {
        self.questions.clone()
    }

    /// Returns the number of partitions of the events topic; see
    /// [`GroupQuestions::partition_count`].
    ///
    /// # Errors
    ///
    /// Fails where no broker answers in time.
    pub fn partition_count(&self, timeout: Duration) -> Result<usize, KafkaError> {
        self.questions.partition_count(timeout)
    }

    fn consumer(&self) -> &BaseConsumer<Rebalances> {
        &self.questions.consumer
    }

    fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        self.questions.list(partitions)
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.close();
    }
}
