//! What an operator, or Kafka by itself, does to topics.

use harness::Broker;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::Offset;

fn admin(broker: &Broker) -> AdminClient<DefaultClientContext> {
    let config = broker.kafka_config().client_config("operator").unwrap();
    config.create().unwrap()
}

/// Deletes the records of a partition below `offset`, as retention does.
pub(crate) async fn delete_records(broker: &Broker, topic: &str, partition: i32, offset: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))
        .unwrap();
    let deleted = admin(broker).delete_records(&list, &AdminOptions::new());
    let deleted = deleted.await.unwrap();
    let deleted = deleted.find_partition(topic, partition).unwrap();
    deleted.error().unwrap();
    assert_eq!(deleted.offset(), Offset::Offset(offset));
}
