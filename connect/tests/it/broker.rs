//! A broker in this process, and what the processor would write there.

use std::time::{Duration, Instant, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};
use stackone_link_schemas::{
    CloudEvent, LinkSessionChange, LinkSessionFact, STATE_TYPE, event_id_of_body, source_of_project,
};
use stackone_link_transport::{KafkaConfig, Publisher};
use stackone_link_wire::{OutgoingRecord, RecordHeaders, Topic, Topics};
use uuid::Uuid;

use crate::eventually::PATIENCE;

const PARTITIONS: i32 = 3;
const BROKER: i32 = 1;

/// A cluster of one broker, and a producer in the processor's place.
pub(crate) struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    pub(crate) topics: Topics,
    processor: Publisher,
}

impl Broker {
    pub(crate) fn new() -> Self {
        let cluster: MockCluster<'static, DefaultProducerContext> = MockCluster::new(1).unwrap();
        let topics = Topics::with_prefix("it");
        for topic in Topic::OF_CONNECT {
            cluster
                .create_topic(topics.name(topic), PARTITIONS, 1)
                .unwrap();
        }
        let kafka = KafkaConfig::plaintext(cluster.bootstrap_servers());
        Self {
            processor: Publisher::new(&kafka, "processor", PATIENCE).unwrap(),
            cluster,
            topics,
        }
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

    /// Refuses the next fetch, as where the right to read was taken away for a moment.
    pub(crate) fn refuses_a_fetch(&self) {
        let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        self.cluster
            .request_errors(RDKafkaApiKey::Fetch, &[refusal]);
    }

    /// The processor confirms an account of a tenant, which is active or not.
    pub(crate) async fn confirms(&self, account: &str, tenant: &str, version: u64, status: &str) {
        let phase = if status == "active" {
            "active"
        } else {
            "degraded"
        };
        self.confirms_with(
            account,
            version,
            json!({
                "state": phase,
                "status": status,
                "status_reasons": [{"code": "401", "description": "the provider's words"}],
                "account": {
                    "provider": "bamboohr",
                    "origin_owner_id": tenant,
                    "origin_owner_name": "Acme",
                    "created_at": "2026-01-01T00:00:00Z",
                },
            }),
        )
        .await;
    }

    /// The processor confirms an account with these members.
    pub(crate) async fn confirms_with(&self, account: &str, version: u64, more: Value) {
        let mut state = json!({
            "account_id": account,
            "project_id": "acme-1",
            "version": version,
            "confirmed_at": "2026-01-02T00:00:00Z",
        });
        for (member, value) in more.as_object().unwrap() {
            state[member] = value.clone();
        }
        let value = serde_json::to_vec(&state).unwrap();
        let record = OutgoingRecord {
            topic: self.topics.name(Topic::State),
            key: Some(account),
            value: &value,
            headers: RecordHeaders::of(CloudEvent {
                id: event_id_of_body(&value),
                event_type: STATE_TYPE.to_owned(),
                source: source_of_project(None),
                subject: Some(account.to_owned()),
                time: None,
                dataschema: None,
            }),
        };
        self.processor.publish(&record).await.unwrap();
    }

    /// A replica wrote these facts of a session of tenant `t1` so long ago.
    pub(crate) fn wrote(&self, ago: Duration, session_id: Uuid, changes: Vec<LinkSessionChange>) {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", self.address())
            .set("partitioner", "murmur2_random")
            .create()
            .unwrap();
        let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let then = now - i64::try_from(ago.as_millis()).unwrap();
        for change in changes {
            let fact = LinkSessionFact {
                session_id,
                project_id: Some("acme-1".to_owned()),
                tenant_id: "t1".to_owned(),
                change,
            };
            let (key, value) = (fact.key(), serde_json::to_vec(&fact).unwrap());
            let record = BaseRecord::to(self.topics.name(Topic::LinkSessions));
            let record = record.key(&key).payload(&value).timestamp(then);
            producer.send(record).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Waits until `topic` has `count` records; their keys and values, and where they are.
    pub(crate) async fn read(
        &self,
        topic: Topic,
        count: usize,
    ) -> Vec<(String, Value, (i32, i64))> {
        let deadline = Instant::now() + PATIENCE;
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
        let mut records = Vec::new();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while records.len() < count {
            // What is waited for may be done by this very thread.
            ticks.tick().await;
            assert!(
                Instant::now() < deadline,
                "{} of {count} on {topic:?}",
                records.len()
            );
            while let Some(Ok(message)) = consumer.poll(Duration::ZERO) {
                let key = String::from_utf8(message.key().unwrap_or_default().to_vec()).unwrap();
                let value = serde_json::from_slice(message.payload().unwrap_or(b"null")).unwrap();
                records.push((key, value, (message.partition(), message.offset())));
            }
        }
        records
    }
}
