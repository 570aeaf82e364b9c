//! How far a sample's consumer group has read.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Pipeline, WITHIN, eventually};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use stackone_link_wire::Topic;

/// The consumer group of a sample on the lifecycle topic.
#[derive(Clone)]
pub(crate) struct Group {
    servers: String,
    topic: String,
    group: String,
    partitions: i32,
}

impl Group {
    pub(crate) fn new(pipeline: &Pipeline, group: &str) -> Self {
        Self {
            servers: pipeline.broker.bootstrap_servers().to_owned(),
            topic: pipeline.topics.name(Topic::Lifecycle).to_owned(),
            group: group.to_owned(),
            partitions: pipeline.settings.topic_layout.partitions,
        }
    }

    /// Waits until it has committed that every record of the topic is done.
    pub(crate) async fn has_read_all(&self) {
        let look = async || {
            let group = self.clone();
            tokio::task::spawn_blocking(move || group.lags()).await?
        };
        let awaited = "everything is committed";
        eventually(awaited, WITHIN, look).await.unwrap();
    }

    /// Has it begin again with the first record. No member may be left.
    pub(crate) async fn forgets(&self) {
        let reset = async || {
            let group = self.clone();
            let reset = move || {
                group
                    .client()?
                    .commit(&group.at(Offset::Offset(0))?, CommitMode::Sync)
            };
            tokio::task::spawn_blocking(reset).await.unwrap()
        };
        eventually("the group begins again", WITHIN, reset)
            .await
            .unwrap();
    }

    fn client(&self) -> Result<BaseConsumer, KafkaError> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .create()
    }

    fn at(&self, offset: Offset) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions {
            list.add_partition_offset(&self.topic, partition, offset)?;
        }
        Ok(list)
    }

    fn lags(&self) -> anyhow::Result<()> {
        let ends = self.ends()?;
        let all = self.at(Offset::Invalid)?;
        let committed = self
            .client()?
            .committed_offsets(all, Duration::from_secs(5))?;
        for (partition, end) in ends {
            let found = committed.find_partition(&self.topic, partition);
            let found = found.map(|element| element.offset());
            let is_done = found == Some(Offset::Offset(end));
            anyhow::ensure!(is_done, "partition {partition}: {found:?} of {end}");
        }
        Ok(())
    }

    /// The offset behind the last record of each partition that has one. (The end of a partition is
    /// behind the mark of a transaction.)
    fn ends(&self) -> anyhow::Result<BTreeMap<i32, i64>> {
        let consumer = self.client()?;
        consumer.assign(&self.at(Offset::Beginning)?)?;
        let (mut ends, mut unread) = (BTreeMap::new(), self.partitions);
        while unread > 0 {
            match consumer.poll(Duration::from_secs(5)) {
                None => anyhow::bail!("nothing is read"),
                Some(Err(KafkaError::PartitionEOF(_))) => unread -= 1,
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(record)) => {
                    ends.insert(record.partition(), record.offset() + 1);
                }
            }
        }
        Ok(ends)
    }
}
