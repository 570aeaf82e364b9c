//! What the group does with our partitions, on its way from the client's callback to the thread that polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

/// A change of the partitions we own. Not in force until [`super::GroupConsumer::assign`] or [`super::GroupConsumer::unassign`] is
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

/// Queues rebalances for the thread that polls, which may not be inside a transaction when it answers them.
#[derive(Clone, Default)]
pub(super) struct Rebalances {
    queue: Arc<Mutex<VecDeque<Rebalance>>>,
    closing: Arc<AtomicBool>,
}

impl Rebalances {
    /// The oldest one that was not answered.
    pub(super) fn next(&self) -> Option<Rebalance> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    /// From now on they are answered without asking anyone.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }
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
