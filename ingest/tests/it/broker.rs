//! A broker in this process, and reading back what is on it.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use stackone_link_transport::decode_headers;
use stackone_link_wire::{RecordHeaders, Topic, Topics};

use crate::eventually::PATIENCE;

const PARTITIONS: i32 = 3;
const BROKER: i32 = 1;

/// A cluster of one broker.
pub(crate) struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    pub(crate) topics: Topics,
}

/// A record as it was read.
pub(crate) struct Stored {
    pub(crate) key: Option<String>,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: RecordHeaders,
    pub(crate) header_names: Vec<String>,
}

impl Broker {
    pub(crate) fn with_topics() -> Self {
        let broker = Self::without_topics();
        for topic in Topic::OF_INGEST {
            broker.create(topic);
        }
        broker
    }

    pub(crate) fn without_topics() -> Self {
        Self {
            cluster: MockCluster::new(1).unwrap(),
            topics: Topics::with_prefix("it"),
        }
    }

    pub(crate) fn create(&self, topic: Topic) {
        let name = self.topics.name(topic);
        self.cluster.create_topic(name, PARTITIONS, 1).unwrap();
    }

    pub(crate) fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    pub(crate) fn down(&self) {
        self.cluster.broker_down(BROKER).unwrap();
    }

    pub(crate) fn up(&self) {
        self.cluster.broker_up(BROKER).unwrap();
    }

    pub(crate) fn answers_after(&self, delay: Duration) {
        self.cluster.broker_round_trip_time(BROKER, delay).unwrap();
    }

    /// Has it answer nobody until [`Self::lets_answers_go`].
    pub(crate) fn holds_answers(&self) {
        self.answers_after(Duration::from_secs(600));
    }

    /// What was held back comes on another connection, on which it is asked for again.
    pub(crate) fn lets_answers_go(&self) {
        self.answers_after(Duration::ZERO);
        self.down();
        self.up();
    }

    pub(crate) fn refuses_next_record(&self, error: RDKafkaRespErr) {
        self.cluster
            .request_errors(RDKafkaApiKey::Produce, &[error]);
    }

    /// Refuses every record with this error until [`Self::takes_records`].
    pub(crate) fn refuses_records(&self, error: RDKafkaRespErr) {
        self.cluster
            .request_errors(RDKafkaApiKey::Produce, &[error; 500]);
    }

    pub(crate) fn takes_records(&self) {
        self.cluster.clear_request_errors(RDKafkaApiKey::Produce);
    }

    /// What the broker says of a topic when asked for it.
    pub(crate) fn says_of(&self, topic: Topic, error: RDKafkaRespErr) {
        self.cluster
            .topic_error(self.topics.name(topic), error)
            .unwrap();
    }

    /// Waits until `topic` has `count` records, and returns them.
    pub(crate) fn read(&self, topic: Topic, count: usize) -> Vec<Stored> {
        let deadline = Instant::now() + PATIENCE;
        let consumer = self.consumer(topic);
        let mut records = Vec::new();
        while records.len() < count {
            assert!(
                Instant::now() < deadline,
                "{} of {count} on {topic:?}",
                records.len()
            );
            if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                records.push(stored(&message.unwrap()));
            }
        }
        records
    }

    /// The records of `topic` now.
    pub(crate) fn count(&self, topic: Topic) -> usize {
        let (consumer, name) = (self.consumer(topic), self.topics.name(topic));
        let counts = (0..PARTITIONS).map(|partition| {
            let (low, high) = consumer
                .fetch_watermarks(name, partition, PATIENCE)
                .unwrap();
            usize::try_from(high - low).unwrap()
        });
        counts.sum()
    }

    fn consumer(&self, topic: Topic) -> BaseConsumer {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.address())
            .set("group.id", "reader")
            .create()
            .unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            let name = self.topics.name(topic);
            assignment
                .add_partition_offset(name, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        consumer
    }
}

fn stored(message: &rdkafka::message::BorrowedMessage<'_>) -> Stored {
    let headers = message.headers();
    Stored {
        key: message
            .key()
            .map(|key| String::from_utf8(key.to_vec()).unwrap()),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: decode_headers(headers).unwrap(),
        header_names: headers
            .map(|headers| headers.iter().map(|header| header.key.to_owned()).collect())
            .unwrap_or_default(),
    }
}
