//! The consumer group member: the only code that subscribes, polls, pauses and answers rebalances.

mod questions;
mod settings;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use stackone_link_transport::{ConfigError, KafkaConfig};

use crate::reader::consumed;
pub use questions::GroupQuestions;
use settings::consumer_config;
pub(crate) use settings::{DEFAULT_POLL_INTERVAL, POLL_INTERVAL};
use stackone_processor_core::event::intake::Consumed;

/// A change of the partitions we own. Not in force until [`GroupConsumer::assign`] or [`GroupConsumer::unassign`] is
/// called: until then the group waits for us, and the generation does not change.
pub struct Rebalance {
    /// What changes.
    pub change: OwnershipChange,
    /// The generation it belongs to. Captured in the callback: later, the background thread may have joined the next
    /// generation before we gave up what it takes from us, and the broker checks the generation, never ownership.
    pub group: Option<ConsumerGroupMetadata>,
}

/// What changes.
pub enum OwnershipChange {
    /// Partitions are ours.
    Assigned(Vec<i32>),
    /// Partitions are taken from us; we still own them.
    Revoked(Vec<i32>),
    /// Partitions were taken from us: another member may own them already.
    Lost(Vec<i32>),
}

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

/// Group membership settings.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The group.
    pub group_id: String,
    /// How long the group waits for a member it does not hear of.
    pub session_timeout: Duration,
}

/// Queues rebalances for the thread that polls, which may not be inside a transaction when it answers them.
#[derive(Clone, Default)]
struct Rebalances {
    queue: Arc<Mutex<VecDeque<Rebalance>>>,
    closing: Arc<AtomicBool>,
}

impl ClientContext for Rebalances {
    fn error(&self, error: KafkaError, reason: &str) {
        // Every one of these comes out of a poll as well, where it is told.
        tracing::debug!(%error, reason, "consumer");
    }
}

impl ConsumerContext for Rebalances {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if self.closing.load(Ordering::Acquire) {
            // Everything was committed before closing; nobody polls any more to answer.
            if let Err(error) = consumer.incremental_unassign(list) {
                tracing::warn!(%error, "partitions could not be given up while closing");
            }
            return;
        }
        let partitions = list
            .elements()
            .iter()
            .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
            .collect();
        let is_assignment = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change = match (is_assignment, consumer.assignment_lost()) {
            (true, _) => OwnershipChange::Assigned(partitions),
            (false, false) => OwnershipChange::Revoked(partitions),
            (false, true) => OwnershipChange::Lost(partitions),
        };
        let rebalance = Rebalance {
            change,
            group: consumer.group_metadata(),
        };
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(rebalance);
    }
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
        self.consumer()
            .context()
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
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
        self.consumer()
            .context()
            .closing
            .store(true, Ordering::Release);
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
