//! The harness itself, on whatever broker it is given.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Broker, Isolation, ReadRecord, TopicReader, unique_topics};
use stackone_link_schemas::CloudEvent;
use stackone_link_transport::{Publisher, Stored, TopicAdmin};
use stackone_link_wire::Topic;
use stackone_link_wire::{IngestHeaders, OutgoingRecord, RecordHeaders, Topics};
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn headers(id: u128) -> RecordHeaders {
    let received_at = "2026-03-04T09:12:44.391Z".parse().unwrap();
    let mut headers = RecordHeaders::of(CloudEvent {
        id: Uuid::from_u128(id),
        event_type: "account.created".to_owned(),
        source: "/stackone/acmeinc-27270".to_owned(),
        subject: Some("GnQoASvosYhE5wJcmmAQs".to_owned()),
        time: Some("2026-03-04T09:12:44.102Z".parse().unwrap()),
        dataschema: None,
    });
    headers.traceparent =
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    headers.ingest = Some(IngestHeaders {
        source: "default".to_owned(),
        received_at,
    });
    headers
}

/// A broker with the topics of one test.
struct Setup {
    broker: Broker,
    topics: Topics,
    publisher: Publisher,
}

impl Setup {
    async fn with_partitions(test: &str, partitions: i32) -> Self {
        let broker = Broker::start().await;
        let topics = unique_topics(test);
        broker.create_topics(&topics, partitions).await.unwrap();
        let publisher = Publisher::new(&broker.kafka_config(), "harness", DEADLINE).unwrap();
        Self {
            broker,
            topics,
            publisher,
        }
    }

    /// Publishes a record whose `ce_id` is `id`.
    async fn publish(&self, topic: &str, key: Option<&str>, value: &[u8], id: u128) -> Stored {
        let record = OutgoingRecord {
            topic,
            key,
            value,
            headers: headers(id),
        };
        self.publisher.publish(&record).await.unwrap()
    }

    fn reader(&self, topic: &str) -> TopicReader {
        TopicReader::new(self.broker.bootstrap_servers(), topic, Isolation::default())
    }
}

fn ids(records: &[ReadRecord]) -> Vec<u128> {
    let ids = records
        .iter()
        .map(|record| record.headers.event.id.as_u128());
    ids.collect()
}

#[tokio::test]
async fn what_was_published_is_read_byte_for_byte_with_its_key_and_its_headers() {
    let setup = Setup::with_partitions("bytes", 3).await;
    let topic = &setup.topics.account_events;
    let key = Some("GnQoASvosYhE5wJcmmAQs");
    let value: &[u8] = b"{\r\n  \"a\":1.0 }\n\0\xff";
    let stored = setup.publish(topic, key, value, 1).await;

    let mut reader = setup.reader(topic);
    let records = reader.read_until(DEADLINE, |records| !records.is_empty());
    let [record] = records.await else {
        panic!("not one record: {:?}", reader.records())
    };
    assert_eq!(
        (record.partition, record.offset),
        (stored.partition, stored.offset)
    );
    assert_eq!(record.key.as_deref(), key);
    assert_eq!(record.value, value);
    assert_eq!(record.headers, headers(1));
}

#[tokio::test]
async fn topics_are_as_the_pipeline_needs_them_and_all_partitions_are_read() {
    let setup = Setup::with_partitions("partitions", 3).await;
    let admin = TopicAdmin::new(&setup.broker.kafka_config()).unwrap();
    // The embedded broker knows no settings.
    let settings = setup.broker.is_real();
    let findings = admin.findings(&setup.topics, &Topic::ALL, settings).await;
    assert_eq!(findings.unwrap(), []);

    let topic = &setup.topics.lifecycle;
    for id in 0..12 {
        let key = format!("account-{id}");
        setup.publish(topic, Some(&key), b"x", id).await;
    }
    let records = setup.reader(topic).read_to_end().await;
    assert_eq!(records.len(), 12);
    let partitions: BTreeSet<_> = records.iter().map(|record| record.partition).collect();
    assert_eq!(partitions, BTreeSet::from([0, 1, 2]));
}

#[tokio::test]
async fn reading_goes_on_where_it_stopped_and_reading_to_the_end_begins_anew() {
    let setup = Setup::with_partitions("goes-on", 1).await;
    let topic = &setup.topics.linked;
    let mut reader = setup.reader(topic);
    assert_eq!(reader.read_to_end().await, []);
    for id in 1..=3 {
        setup.publish(topic, Some("a"), b"x", id).await;
        let records = reader.read_until(DEADLINE, |records| ids(records).contains(&id));
        assert_eq!(ids(records.await), (1..=id).collect::<Vec<_>>());
    }
    assert_eq!(ids(&reader.read_to_end().await), [1, 2, 3]);
    assert_eq!(ids(reader.records()), [1, 2, 3]);
}

#[tokio::test]
#[should_panic(expected = "1 records of ")]
async fn a_reader_whose_deadline_passes_says_what_it_saw() {
    let setup = Setup::with_partitions("overdue", 1).await;
    let topic = &setup.topics.linked;
    setup.publish(topic, Some("a"), b"x", 1).await;
    let mut reader = setup.reader(topic);
    reader
        .read_until(DEADLINE, |records| records.len() == 1)
        .await;
    let too_short = Duration::from_millis(200);
    reader
        .read_until(too_short, |records| records.len() == 2)
        .await;
}
