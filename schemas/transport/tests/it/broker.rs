//! A cluster in this process, and a topic of it.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use stackone_link_transport::{KafkaConfig, TopicReader};

/// The topic of every test: each has a cluster of its own.
pub(crate) const TOPIC: &str = "topic";
const SENT_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Broker(MockCluster<'static, DefaultProducerContext>);

impl Broker {
    /// A cluster of so many brokers, whose topic has so many partitions.
    pub(crate) fn new(brokers: i32, partitions: i32) -> Self {
        let cluster = MockCluster::new(brokers).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        for partition in 0..partitions {
            let leader = partition % brokers + 1;
            cluster
                .partition_leader(TOPIC, partition, Some(leader))
                .unwrap();
        }
        Self(cluster)
    }

    pub(crate) fn kafka(&self) -> KafkaConfig {
        let mut kafka = KafkaConfig::plaintext(self.0.bootstrap_servers());
        for (name, value) in [
            ("reconnect.backoff.max.ms", "100"),
            ("topic.metadata.refresh.interval.ms", "200"),
            // A test that stops the broker need not be told that it cannot be reached.
            ("log_level", "0"),
        ] {
            kafka.properties.insert(name.to_owned(), value.to_owned());
        }
        kafka
    }

    pub(crate) fn reader(&self, topic: &str) -> TopicReader {
        TopicReader::new(&self.kafka(), "group", topic).unwrap()
    }

    pub(crate) fn producer(&self) -> BaseProducer {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.0.bootstrap_servers())
            .set("linger.ms", "0");
        config.create().unwrap()
    }

    /// Writes records to a partition, and waits until they are there.
    pub(crate) fn write(&self, partition: i32, values: &[&str]) {
        let producer = self.producer();
        for value in values {
            send(&producer, partition, value);
        }
        producer.flush(SENT_WITHIN).unwrap();
    }

    /// Stops the leader of the partitions whose number leaves `broker - 1` when divided by the
    /// brokers.
    pub(crate) fn down(&self, broker: i32) {
        self.0.broker_down(broker).unwrap();
    }

    pub(crate) fn up(&self, broker: i32) {
        self.0.broker_up(broker).unwrap();
    }

    /// Refuses the next fetch.
    pub(crate) fn refuses_a_fetch(&self, error: RDKafkaRespErr) {
        self.0.request_errors(RDKafkaApiKey::Fetch, &[error]);
    }

    /// Answers so many fetches, and has this for all others.
    pub(crate) fn answers_fetches(&self, answered: usize, error: RDKafkaRespErr) {
        let mut answers = vec![RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR; answered];
        answers.extend([error; 500]);
        self.0.request_errors(RDKafkaApiKey::Fetch, &answers);
    }

    /// What is said of the topic to who asks for it.
    pub(crate) fn says(&self, error: RDKafkaRespErr) {
        self.0.topic_error(TOPIC, error).unwrap();
    }
}

/// Hands a record to the client.
pub(crate) fn send(producer: &BaseProducer, partition: i32, value: &str) {
    let record = BaseRecord::<str, str>::to(TOPIC)
        .partition(partition)
        .key("key")
        .payload(value);
    producer.send(record).map_err(|(error, _)| error).unwrap();
}
