//! How far the processors' group is.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, TopicPartitionList};
use stackone_link_wire::Topic;

use super::Pipeline;

/// How long one answer of the broker may take.
const ANSWER: Duration = Duration::from_secs(10);

impl Pipeline {
    /// How many records of the account events topic the group has yet to pass: 0 once each is
    /// decided, or written down as pending.
    ///
    /// # Errors
    ///
    /// Where the broker does not answer, also because a transaction that moves the offsets is open.
    pub async fn unpassed(&self) -> anyhow::Result<i64> {
        let servers = self.broker.bootstrap_servers().to_owned();
        let group = self.group().to_owned();
        let partitions = self.settings.topic_layout.partitions;
        let topic = self.topics.name(Topic::AccountEvents).to_owned();
        let ask = move || {
            let client: BaseConsumer = ClientConfig::new()
                .set("bootstrap.servers", servers)
                .set("group.id", group)
                .set("log_level", "0")
                .create()?;
            let mut list = TopicPartitionList::new();
            list.add_partition_range(&topic, 0, partitions - 1);
            let mut left = 0;
            for element in client.committed_offsets(list, ANSWER)?.elements() {
                element.error()?;
                let (low, high) = client.fetch_watermarks(&topic, element.partition(), ANSWER)?;
                left += high - element.offset().to_raw().unwrap_or(low).max(low);
            }
            Ok(left)
        };
        tokio::task::spawn_blocking(ask).await?
    }
}
