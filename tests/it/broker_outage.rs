//! A broker that stops, freezes and comes back: it is compiled with the feature `container`.

use std::time::Duration;

use harness::{DedicatedBroker, Isolation, TopicReader, unique_topics};
use stackone_link_transport::{PublishError, Publisher, Stored};
use stackone_link_wire::OutgoingRecord;

use crate::broker::{DEADLINE, headers};

/// Publishes with a publisher of its own, so that no outage is in its memory.
async fn publish(
    broker: &DedicatedBroker,
    topic: &str,
    id: u128,
    within: Duration,
) -> Result<Stored, PublishError> {
    let publisher = Publisher::new(&broker.kafka_config(), "harness", within).unwrap();
    let record = OutgoingRecord {
        topic,
        key: Some("a"),
        value: b"x",
        headers: headers(id),
    };
    publisher.publish(&record).await
}

#[tokio::test]
async fn a_dedicated_broker_keeps_port_and_data_over_a_stop_a_kill_and_a_pause() {
    let broker = DedicatedBroker::start().await.unwrap();
    let topics = unique_topics("outage");
    broker.create_topics(&topics, 1).await.unwrap();
    let topic = &topics.linked;
    let mut reader = TopicReader::new(broker.bootstrap_servers(), topic, Isolation::default());
    let short = Duration::from_secs(2);

    publish(&broker, topic, 1, DEADLINE).await.unwrap();
    broker.stop().await.unwrap();
    let refused = publish(&broker, topic, 9, short).await;
    assert!(
        matches!(refused, Err(PublishError::NotAcknowledged(_))),
        "{refused:?}"
    );
    broker.start_again().await.unwrap();

    publish(&broker, topic, 2, DEADLINE).await.unwrap();
    broker.kill().await.unwrap();
    broker.start_again().await.unwrap();

    publish(&broker, topic, 3, DEADLINE).await.unwrap();
    broker.pause().await.unwrap();
    let unanswered = publish(&broker, topic, 9, short).await;
    assert!(
        matches!(unanswered, Err(PublishError::NotAcknowledged(_))),
        "{unanswered:?}"
    );
    broker.unpause().await.unwrap();

    publish(&broker, topic, 4, DEADLINE).await.unwrap();
    let records = reader
        .read_until(DEADLINE, |records| records.len() >= 4)
        .await;
    let ids: Vec<_> = records
        .iter()
        .map(|record| record.headers.event.id.as_u128())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}
