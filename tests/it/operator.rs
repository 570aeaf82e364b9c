//! What an operator, or Kafka by itself, does to topics.

use harness::{Broker, WITHIN, eventually};
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::Offset;
use stackone_link_transport::{KafkaConfig, Live};

fn admin(broker: &Broker) -> Live<AdminClient<DefaultClientContext>> {
    let config = broker.kafka_config().client_config("operator").unwrap();
    config.create().unwrap()
}

/// Deletes the records of a partition below `offset`, as retention does.
pub(crate) async fn delete_records(broker: &Broker, topic: &str, partition: i32, offset: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))
        .unwrap();
    // The client answers only while it is held.
    let (admin, options) = (admin(broker), AdminOptions::new());
    let deleted = admin.delete_records(&list, &options).await.unwrap();
    let deleted = deleted.find_partition(topic, partition).unwrap();
    deleted.error().unwrap();
    assert_eq!(deleted.offset(), Offset::Offset(offset));
}

/// Sets one of a topic's settings, and waits until the broker goes by it.
pub(crate) async fn configure(broker: &Broker, topic: &str, name: &str, value: &str) {
    set(&admin(broker), topic, name, value).await;
}

/// The same of a broker at this address.
pub(crate) async fn configure_at(servers: &str, topic: &str, name: &str, value: &str) {
    let kafka = KafkaConfig::plaintext(servers);
    let admin: Live<_> = kafka.client_config("operator").unwrap().create().unwrap();
    set(&admin, topic, name, value).await;
}

async fn set(admin: &AdminClient<DefaultClientContext>, topic: &str, name: &str, value: &str) {
    let options = AdminOptions::new();
    let resource = ResourceSpecifier::Topic(topic);
    let config = AlterConfig::new(resource).set(name, value);
    for altered in admin.alter_configs([&config], &options).await.unwrap() {
        altered.unwrap();
    }
    let is_set = eventually("the topic is configured", WITHIN, async || {
        let described = admin.describe_configs([&resource], &options).await;
        let described = described.map_err(|error| error.to_string())?;
        let resource = described[0].as_ref().map_err(ToString::to_string)?;
        let found = resource.get(name).and_then(|entry| entry.value.clone());
        (found.as_deref() == Some(value))
            .then_some(())
            .ok_or(format!("{name} is {found:?}"))
    });
    is_set.await.unwrap();
}

/// The offset that a group has committed for partition 0 of a topic.
pub(crate) async fn committed(broker: &Broker, group: &str, topic: &str) -> Offset {
    let mut config = broker.kafka_config().client_config("operator").unwrap();
    config.set("group.id", group);
    let topic = topic.to_owned();
    let ask = move || {
        let consumer: Live<BaseConsumer> = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition(&topic, 0);
        let list = consumer.committed_offsets(list, WITHIN).unwrap();
        list.find_partition(&topic, 0).unwrap().offset()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}
