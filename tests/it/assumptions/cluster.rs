//! Topics as these tests need them, and what the broker says of them and of a group.

use std::time::Duration;

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::clients::{Settings, config};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long to look for an offset that is not stable: the client asks again until then.
const UNSTABLE: Duration = Duration::from_millis(500);

pub(crate) fn admin(broker: &Broker) -> AdminClient<DefaultClientContext> {
    config(broker.bootstrap_servers(), &[]).create().unwrap()
}

/// Makes a topic of this test alone, and waits until clients can read its partitions.
pub(crate) async fn topic(
    broker: &Broker,
    test: &str,
    partitions: i32,
    settings: Settings<'_>,
) -> String {
    let name = unique_group(test);
    make_topic(broker, &name, partitions, settings).await;
    name
}

/// Makes the topic of this name.
pub(crate) async fn make_topic(
    broker: &Broker,
    name: &str,
    partitions: i32,
    settings: Settings<'_>,
) {
    let new = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let new = settings
        .iter()
        .fold(new, |new, (key, value)| new.set(key, value));
    let made = admin(broker)
        .create_topics([&new], &AdminOptions::new())
        .await;
    assert_eq!(made.unwrap(), [Ok(name.to_owned())]);
    let view = View::new(broker, "");
    let is_there = eventually("the topic is there", WITHIN, async || {
        (0..partitions).try_for_each(|number| view.ends(name, number).map(drop))
    });
    is_there.await.unwrap();
}

/// What clients see.
pub(crate) struct View {
    committed: BaseConsumer,
    uncommitted: BaseConsumer,
}

/// Of a partition: its first offset, the last stable one, and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) low: i64,
    pub(crate) stable: i64,
    pub(crate) high: i64,
}

impl View {
    /// Of a group, where its offsets are asked for.
    pub(crate) fn new(broker: &Broker, group: &str) -> Self {
        let group = if group.is_empty() { "nobody" } else { group };
        let client = |isolation| {
            let settings = [
                ("group.id", group),
                ("isolation.level", isolation),
                ("enable.auto.commit", "false"),
                ("enable.partition.eof", "true"),
                ("fetch.wait.max.ms", "10"),
            ];
            config(broker.bootstrap_servers(), &settings)
                .create()
                .unwrap()
        };
        Self {
            committed: client("read_committed"),
            uncommitted: client("read_uncommitted"),
        }
    }

    pub(crate) fn ends(&self, topic: &str, partition: i32) -> Result<Ends, KafkaError> {
        let (low, high) = self
            .uncommitted
            .fetch_watermarks(topic, partition, ANSWER)?;
        let (_, stable) = self.committed.fetch_watermarks(topic, partition, ANSWER)?;
        Ok(Ends { low, stable, high })
    }

    /// Waits until a partition ends so.
    pub(crate) async fn ends_at(&self, topic: &str, partition: i32, awaited: Ends) {
        let ended = eventually("the partition ends so", WITHIN, async || {
            let ends = self.ends(topic, partition).unwrap();
            (ends == awaited).then_some(()).ok_or(format!("{ends:?}"))
        });
        ended.await.unwrap();
    }

    /// The group's offset; none where it has none.
    pub(crate) fn offset(&self, topic: &str, partition: i32) -> Result<Option<i64>, KafkaError> {
        self.offset_within(topic, partition, ANSWER)
    }

    fn offset_within(
        &self,
        topic: &str,
        partition: i32,
        within: Duration,
    ) -> Result<Option<i64>, KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        let list = self.committed.committed_offsets(list, within)?;
        let found = list.find_partition(topic, partition).unwrap();
        found.error()?;
        let Offset::Offset(offset) = found.offset() else {
            return Ok(None);
        };
        Ok(Some(offset))
    }

    /// Whether an open transaction has an offset for the partition: the broker gives none then.
    pub(crate) fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        match self.offset_within(topic, partition, UNSTABLE) {
            Ok(_) => false,
            Err(error) => {
                let code = error.rdkafka_error_code().unwrap();
                let expected = [
                    RDKafkaErrorCode::UnstableOffsetCommit,
                    RDKafkaErrorCode::OperationTimedOut,
                ];
                assert!(expected.contains(&code), "{error}");
                true
            }
        }
    }

    /// The group's state, as the coordinator names it.
    pub(crate) fn state(&self, group: &str) -> String {
        let groups = self
            .committed
            .fetch_group_list(Some(group), ANSWER)
            .unwrap();
        let found = groups.groups().first();
        found.map_or_else(String::new, |group| group.state().to_owned())
    }

    /// Offset and value of every record that is committed.
    pub(crate) async fn records(&self, topic: &str, partition: i32) -> Vec<(i64, String)> {
        read_all(&self.committed, topic, partition).await
    }

    /// The offset of every record, aborted ones included.
    pub(crate) async fn all_offsets(&self, topic: &str, partition: i32) -> Vec<i64> {
        let records = read_all(&self.uncommitted, topic, partition).await;
        records.into_iter().map(|(offset, _)| offset).collect()
    }
}

/// Reads a partition from its beginning to its end.
async fn read_all(consumer: &BaseConsumer, topic: &str, partition: i32) -> Vec<(i64, String)> {
    let mut list = TopicPartitionList::new();
    let added = list.add_partition_offset(topic, partition, Offset::Beginning);
    added.unwrap();
    consumer.assign(&list).unwrap();
    let mut records = Vec::new();
    let read = eventually("the end is reached", WITHIN, async || {
        while let Some(polled) = consumer.poll(Duration::ZERO) {
            match polled {
                Ok(record) => {
                    let value = String::from_utf8_lossy(record.payload().unwrap_or_default());
                    records.push((record.offset(), value.into_owned()));
                }
                Err(KafkaError::PartitionEOF(_)) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("{} records", records.len()))
    });
    read.await.unwrap();
    consumer.unassign().unwrap();
    records
}
