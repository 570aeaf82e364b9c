//! Who leads the partitions of a cluster, and how many replicas are in sync.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A partition, as a broker knows it.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) topic: String,
    pub(super) id: i32,
    /// The id of the leader's node; below 0 where there is none.
    pub(super) leader: i32,
    pub(super) in_sync: usize,
}

/// Every partition of every topic, as the broker at one of these addresses knows it.
pub(super) async fn partitions(bootstrap_servers: &str) -> anyhow::Result<Vec<Partition>> {
    let servers = bootstrap_servers.to_owned();
    let ask = move || {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("log_level", "0")
            .create()?;
        let metadata = client.fetch_metadata(None, ANSWER)?;
        let topics = metadata.topics().iter();
        let partitions = topics.flat_map(|topic| {
            let partitions = topic.partitions().iter();
            partitions.map(|one| Partition {
                topic: topic.name().to_owned(),
                id: one.id(),
                leader: one.leader(),
                in_sync: one.isr().len(),
            })
        });
        Ok(partitions.collect())
    };
    tokio::task::spawn_blocking(ask).await?
}
