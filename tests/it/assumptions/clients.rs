//! Clients of librdkafka as these tests use them: nothing of the pipeline is in between.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Broker, WITHIN, eventually};
#[cfg(feature = "container")]
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaResult;
use rdkafka::statistics::{Partition, Statistics};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};

pub(crate) use super::writer::Writer;

/// Settings by name.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// A member that gives up single partitions.
pub(crate) const COOPERATIVE: Settings<'_> =
    &[("partition.assignment.strategy", "cooperative-sticky")];

/// Settings of a client.
pub(crate) fn config(servers: &str, settings: Settings<'_>) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers);
    config.set("log_level", "0");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

/// An offset of a partition, as a list.
pub(crate) fn offset_of(topic: &str, partition: i32, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let added = list.add_partition_offset(topic, partition, Offset::Offset(offset));
    added.unwrap();
    list
}

/// What a member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Assigned,
    Revoked,
    Lost,
}

/// A change of a member's partitions, with the generation in which it was told.
pub(crate) struct Rebalance {
    pub(crate) change: Change,
    pub(crate) partitions: Vec<i32>,
    #[cfg(feature = "container")]
    pub(crate) group: ConsumerGroupMetadata,
}

/// Queues what a member is told, until the test answers it.
#[derive(Default)]
pub(crate) struct Told {
    queue: Mutex<VecDeque<Rebalance>>,
    statistics: Mutex<Option<Statistics>>,
    is_closing: AtomicBool,
}

impl ClientContext for Told {
    fn stats(&self, statistics: Statistics) {
        *self.statistics.lock().unwrap() = Some(statistics);
    }
}

impl ConsumerContext for Told {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let is_assignment = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change = match (is_assignment, consumer.assignment_lost()) {
            (true, _) => Change::Assigned,
            (false, false) => Change::Revoked,
            (false, true) => Change::Lost,
        };
        if self.is_closing.load(Ordering::Acquire) {
            return answer(consumer, list, change).unwrap();
        }
        let partitions = list.elements().into_iter();
        let rebalance = Rebalance {
            change,
            partitions: partitions.map(|element| element.partition()).collect(),
            #[cfg(feature = "container")]
            group: consumer.group_metadata().unwrap(),
        };
        self.queue.lock().unwrap().push_back(rebalance);
    }
}

fn answer(
    consumer: &BaseConsumer<Told>,
    list: &TopicPartitionList,
    change: Change,
) -> KafkaResult<()> {
    let is_cooperative = match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => true,
        RebalanceProtocol::Eager | RebalanceProtocol::None => false,
    };
    match (change, is_cooperative) {
        (Change::Assigned, true) => consumer.incremental_assign(list),
        (Change::Assigned, false) => consumer.assign(list),
        (Change::Revoked | Change::Lost, true) => consumer.incremental_unassign(list),
        (Change::Revoked | Change::Lost, false) => consumer.unassign(),
    }
}

/// A member of a group. It is told of rebalances where it polls, and takes part in them where it
/// answers.
pub(crate) struct Member {
    pub(crate) consumer: BaseConsumer<Told>,
    topic: String,
}

impl Drop for Member {
    fn drop(&mut self) {
        let told = self.consumer.context();
        told.is_closing.store(true, Ordering::Release);
        // A member that owes an answer never closes.
        let unanswered = std::mem::take(&mut *told.queue.lock().unwrap());
        for rebalance in unanswered {
            let list = self.list(&rebalance.partitions);
            answer(&self.consumer, &list, rebalance.change).ok();
        }
    }
}

impl Member {
    /// Subscribes, as a member whose session is short.
    pub(crate) fn join(broker: &Broker, group: &str, topic: &str, own: Settings<'_>) -> Self {
        let times = [
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "200"),
        ];
        Self::join_as(broker, group, topic, &[&times, own].concat())
    }

    /// Subscribes, with these settings alone.
    pub(crate) fn join_as(broker: &Broker, group: &str, topic: &str, own: Settings<'_>) -> Self {
        let settings = [
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "earliest"),
            ("statistics.interval.ms", "100"),
        ];
        let config = config(broker.bootstrap_servers(), &[&settings, own].concat());
        let consumer: BaseConsumer<Told> = config.create_with_context(Told::default()).unwrap();
        consumer.subscribe(&[topic]).unwrap();
        Self {
            consumer,
            topic: topic.to_owned(),
        }
    }

    /// Polls once, without waiting, and gives partition and offset of the record there was.
    pub(crate) fn poll(&self) -> Option<(i32, i64)> {
        let record = self.consumer.poll(Duration::ZERO)?.ok()?;
        Some((record.partition(), record.offset()))
    }

    /// What it was told next, unanswered.
    pub(crate) fn told(&self) -> Option<Rebalance> {
        self.poll();
        self.consumer.context().queue.lock().unwrap().pop_front()
    }

    /// Waits for what it is told next, and leaves it unanswered.
    pub(crate) async fn is_told(&self) -> Rebalance {
        let told = eventually("the member is told", WITHIN, async || {
            self.told().ok_or("nothing")
        });
        told.await.unwrap()
    }

    /// Answers what it was told.
    pub(crate) fn answer(&self, rebalance: &Rebalance) {
        let list = self.list(&rebalance.partitions);
        answer(&self.consumer, &list, rebalance.change).unwrap();
    }

    /// Answers what it was told next, and gives it.
    #[cfg(feature = "container")]
    pub(crate) fn takes_part(&self) -> Option<Rebalance> {
        let told = self.told();
        told.inspect(|rebalance| self.answer(rebalance))
    }

    /// These partitions of its topic.
    pub(crate) fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        list
    }

    /// Waits for a record, and gives its partition and offset.
    pub(crate) async fn reads(&self) -> (i32, i64) {
        let read = eventually("the member reads", WITHIN, async || {
            self.poll().ok_or("nothing")
        });
        read.await.unwrap()
    }

    /// Waits until librdkafka's statistics say so of a partition; no record may come meanwhile.
    pub(crate) async fn shows(&self, partition: i32, is_awaited: impl Fn(&Partition) -> bool) {
        let shown = eventually("the statistics show it", WITHIN, async || {
            assert_eq!(self.poll(), None);
            let statistics = self.consumer.context().statistics.lock().unwrap();
            let topics = statistics.as_ref().map(|all| &all.topics);
            let topic = topics.and_then(|topics| topics.get(&self.topic));
            let found = topic.and_then(|topic| topic.partitions.get(&partition));
            let is_shown = found.is_some_and(&is_awaited);
            is_shown.then_some(()).ok_or(format!("{found:?}"))
        });
        shown.await.unwrap();
    }
}
