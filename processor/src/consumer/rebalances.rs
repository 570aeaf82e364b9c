//! Carries rebalances from librdkafka's callback to the thread that polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

/// A change of the owned partitions. It takes effect when [`super::GroupConsumer::assign`] or
/// [`super::GroupConsumer::unassign`] is called: until then the group waits for this member, and
/// the generation stays.
pub struct Rebalance {
    /// The partitions that are assigned, revoked or lost.
    pub change: OwnershipChange,
    /// The generation of the change, captured in the callback. Later, the background thread may
    /// have joined the next generation before this member gave up its partitions, and a broker
    /// checks the generation, never ownership.
    pub group: Option<ConsumerGroupMetadata>,
}

/// The kinds of changes.
pub enum OwnershipChange {
    /// These partitions now belong to this member.
    Assigned(Vec<i32>),
    /// These partitions are to be given up; until then they belong to this member.
    Revoked(Vec<i32>),
    /// These partitions were taken away: another member may own them already.
    Lost(Vec<i32>),
}

/// Queues rebalances for the polling thread, which may not answer them inside a transaction.
#[derive(Clone, Default)]
pub(super) struct Rebalances {
    queue: Arc<Mutex<VecDeque<Rebalance>>>,
    closing: Arc<AtomicBool>,
}

impl Rebalances {
    /// Returns the oldest rebalance that has no answer yet.
    pub(super) fn next(&self) -> Option<Rebalance> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    /// Has rebalances answered at once from now on.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }
}

impl ClientContext for Rebalances {
    fn error(&self, error: KafkaError, reason: &str) {
        // The poll returns the same error, and its caller logs it.
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
            // Everything was committed before closing, and nobody polls any more who could answer.
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
