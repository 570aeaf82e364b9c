//! The consumer group member: the only code that subscribes, polls, pauses and answers rebalances.

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

/// A member of the processor's consumer group. It leaves when it and all its [`GroupQuestions`] are dropped, at a panic, too.
pub struct GroupConsumer {
    questions: GroupQuestions,
}

/// What a poll gave.
pub enum Polled {
    /// A record.
    Record(Box<Consumed>),
    /// Nothing to read now.
    Nothing,
    /// The client reports an error it recovers from by itself.
    Error(KafkaError),
}

/// Why there is no member.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerStartError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client refused its settings.
    #[error("consumer")]
    Client(#[from] KafkaError),
}

impl GroupConsumer {
    /// Joins the group. `on_readable` is called, from another thread, whenever there is something to poll.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used.
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

    /// Reads a record, or queues a rebalance; never waits.
    #[must_use]
    pub fn poll(&self) -> Polled {
        match self.consumer().poll(Duration::ZERO) {
            None => Polled::Nothing,
            Some(Err(error)) => Polled::Error(error),
            Some(Ok(message)) => Polled::Record(Box::new(consumed(&message))),
        }
    }

    /// The oldest rebalance that was not answered.
    #[must_use]
    pub fn next_rebalance(&self) -> Option<Rebalance> {
        self.consumer().context().next()
    }

    /// Takes partitions over, paused until they are restored.
    ///
    /// # Errors
    ///
    /// Where the client refuses.
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
    /// Where the client refuses.
    pub fn unassign(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().incremental_unassign(&self.list(partitions))
    }

    /// Reads no more of these partitions. What was read ahead of them is thrown away.
    ///
    /// # Errors
    ///
    /// Where the client refuses.
    pub fn pause(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().pause(&self.list(partitions))
    }

    /// Starts reading partitions, or goes on.
    ///
    /// # Errors
    ///
    /// Where the client refuses.
    pub fn resume(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.consumer().resume(&self.list(partitions))
    }

    /// From now on rebalances are answered without asking anyone. One that was not answered is answered now: the client, when
    /// it is dropped, polls until nothing is assigned any more, and for ever where nobody answers.
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

    /// What another thread may ask.
    #[must_use]
    pub fn questions(&self) -> GroupQuestions {
        self.questions.clone()
    }

    /// See [`GroupQuestions::partition_count`].
    ///
    /// # Errors
    ///
    /// Where no broker answers in time.
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
