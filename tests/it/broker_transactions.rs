//! What only a real broker does with transactions: it is compiled with the feature `container`.

use std::time::Duration;

use harness::{Broker, Isolation, TopicReader, unique_group, unique_topics};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use stackone_link_transport::encode_headers;

use crate::broker::{DEADLINE, headers};

const TIMEOUT: Duration = Duration::from_secs(20);

fn transactional_producer(broker: &Broker) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("transactional.id", unique_group("producer"))
        .create()
        .unwrap();
    producer.init_transactions(TIMEOUT).unwrap();
    producer
}

fn produce(producer: &BaseProducer, topic: &str, id: u128) {
    let record = BaseRecord::to(topic)
        .key("a")
        .payload("x")
        .headers(encode_headers(&headers(id)));
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(TIMEOUT).unwrap();
}

#[tokio::test]
async fn a_record_of_an_aborted_transaction_is_hidden_from_read_committed_alone() {
    let broker = Broker::start().await;
    assert!(broker.is_real());
    let topics = unique_topics("aborted");
    broker.create_topics(&topics, 1).await.unwrap();
    let producer = transactional_producer(&broker);

    producer.begin_transaction().unwrap();
    produce(&producer, &topics.linked, 1);
    producer.abort_transaction(TIMEOUT).unwrap();
    producer.begin_transaction().unwrap();
    produce(&producer, &topics.linked, 2);
    producer.commit_transaction(TIMEOUT).unwrap();

    let server = broker.bootstrap_servers();
    let mut committed = TopicReader::new(server, &topics.linked, Isolation::ReadCommitted);
    let records = committed
        .read_until(DEADLINE, |records| !records.is_empty())
        .await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].headers, headers(2));
    assert_eq!(committed.read_to_end().await.len(), 1);

    let uncommitted = TopicReader::new(server, &topics.linked, Isolation::ReadUncommitted);
    assert_eq!(uncommitted.read_to_end().await.len(), 2);
}

#[tokio::test]
async fn reading_to_the_end_does_not_wait_for_a_transaction_that_is_open() {
    let broker = Broker::start().await;
    let topics = unique_topics("open");
    broker.create_topics(&topics, 1).await.unwrap();
    let producer = transactional_producer(&broker);
    producer.begin_transaction().unwrap();
    produce(&producer, &topics.linked, 1);

    let server = broker.bootstrap_servers();
    let committed = TopicReader::new(server, &topics.linked, Isolation::ReadCommitted);
    assert_eq!(committed.read_to_end().await, []);
    producer.abort_transaction(TIMEOUT).unwrap();
}
