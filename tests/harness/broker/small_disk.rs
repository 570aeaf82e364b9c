//! A broker with a disk that can be filled.

use std::time::Duration;

use anyhow::Context;
use testcontainers::ImageExt;
use testcontainers::core::Mount;

use super::container::{KafkaContainer, image, request};
use super::dedicated::is_answering;
use super::partitions::partitions;
use crate::eventually;
use crate::free_port;

/// Room for the pipeline's topics; filling the rest takes no time.
const SIZE: &str = "64m";
const SMALL: &str = "/disk/logs";
const LARGE: &str = "/tmp/kafka-logs";
/// What fills the disk.
const FILLER: &str = "/disk/filler";
/// Starts the broker again when it has ended, as whatever supervises one does: the container, and
/// with it the disk, stays.
const SUPERVISED: &str =
    "while :; do /etc/kafka/docker/run & echo $! >/tmp/broker; wait; sleep 1; done";
/// How long it may take until the broker has noticed what became of its disk, or answers again.
const WITHIN: Duration = Duration::from_secs(120);

/// Apache Kafka in a container, with a small disk that a test fills and frees.
pub struct SmallDiskBroker {
    kafka: KafkaContainer,
}

impl SmallDiskBroker {
    /// Starts one that keeps everything on the small disk.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn alone() -> anyhow::Result<Self> {
        Self::start(SMALL).await
    }

    /// Starts one that has a large disk, too, and keeps its metadata there.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn beside_a_large_one() -> anyhow::Result<Self> {
        Self::start(&format!("{LARGE},{SMALL}")).await
    }

    async fn start(log_dirs: &str) -> anyhow::Result<Self> {
        let (image, port) = (image()?, free_port()?);
        let request = request(&image, port)
            .with_mount(
                Mount::tmpfs_mount("/disk")
                    .with_size(SIZE)
                    .with_mode(0o1777),
            )
            .with_env_var("KAFKA_LOG_DIRS", log_dirs)
            .with_cmd(["/bin/sh", "-c", SUPERVISED]);
        let kafka = KafkaContainer::of(request, port).await;
        let kafka = kafka.with_context(|| format!("image {}:{}", image.0, image.1))?;
        Ok(Self { kafka })
    }

    /// `host:port`, for clients on this machine.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.kafka.bootstrap_servers
    }

    /// Moves a partition to the small disk, and every other one to the large one.
    ///
    /// # Errors
    ///
    /// Where the broker does not do it in time.
    pub async fn keep_on_the_small_disk(&self, topic: &str, partition: i32) -> anyhow::Result<()> {
        let all = self.partitions().await?;
        let moves: Vec<_> = all
            .into_iter()
            .map(|(of, number)| {
                let is_it = of == topic && number == partition;
                let to = if is_it { SMALL } else { LARGE };
                serde_json::json!({"topic": of, "partition": number, "replicas": [1], "log_dirs": [to]})
            })
            .collect();
        let moves = serde_json::json!({"version": 1, "partitions": moves});
        let tool = "KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/kafka-run-class.sh \
                    org.apache.kafka.tools.reassign.ReassignPartitionsCommand \
                    --bootstrap-server localhost:9093 --reassignment-json-file /tmp/moves";
        self.kafka
            .run(&format!("echo '{moves}' >/tmp/moves; {tool} --execute"))
            .await?;
        let moved = eventually("partitions are moved", WITHIN, async || {
            let says = self.kafka.run(&format!("{tool} --verify")).await?;
            anyhow::ensure!(!says.contains("in progress"), "{says}");
            Ok(())
        });
        Ok(moved.await?)
    }

    /// Fills the small disk.
    ///
    /// # Errors
    ///
    /// Where the engine does not do it.
    pub async fn fill(&self) -> anyhow::Result<()> {
        let full = format!("head -c 1G /dev/zero >{FILLER} 2>/dev/null || test -s {FILLER}");
        self.kafka.run(&full).await.map(drop)
    }

    /// Frees the disk and has the broker started again, which takes a disk that failed into use
    /// only then; waits until it answers and every partition has a leader. The broker is killed:
    /// one that stops in order waits up to five minutes for leave to go, and answers meanwhile.
    ///
    /// # Errors
    ///
    /// Where it does not answer in time.
    pub async fn free(&self) -> anyhow::Result<()> {
        // It may have ended already, and may be starting right now.
        let free = format!("rm {FILLER}; kill -KILL $(cat /tmp/broker) 2>/dev/null || true");
        self.kafka.run(&free).await?;
        eventually("every partition has a leader", WITHIN, async || {
            let all = self.with_leaders().await?;
            let without = all.into_iter().find(|(_, leader)| *leader < 0);
            anyhow::ensure!(without.is_none(), "{without:?} has none");
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Waits until the cluster names no leader for a partition.
    ///
    /// # Errors
    ///
    /// Where it names one for long.
    pub async fn has_no_leader(&self, topic: &str, partition: i32) -> anyhow::Result<()> {
        eventually("the partition has no leader", WITHIN, async || {
            let led = self.led().await?;
            let is_led = led.contains(&(topic.to_owned(), partition));
            anyhow::ensure!(!is_led, "it has one");
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Waits until the broker answers nobody.
    ///
    /// # Errors
    ///
    /// Where it goes on.
    pub async fn is_down(&self) -> anyhow::Result<()> {
        eventually("the broker is down", WITHIN, async || {
            match is_answering(self.bootstrap_servers().to_owned()).await {
                Ok(()) => Err("it answers"),
                Err(_) => Ok(()),
            }
        })
        .await?;
        Ok(())
    }

    async fn partitions(&self) -> anyhow::Result<Vec<(String, i32)>> {
        let all = self.with_leaders().await?;
        Ok(all.into_iter().map(|(partition, _)| partition).collect())
    }

    async fn led(&self) -> anyhow::Result<Vec<(String, i32)>> {
        let all = self.with_leaders().await?;
        let led = all.into_iter().filter(|(_, leader)| *leader >= 0);
        Ok(led.map(|(partition, _)| partition).collect())
    }

    /// Every partition of the cluster, and who leads it.
    async fn with_leaders(&self) -> anyhow::Result<Vec<((String, i32), i32)>> {
        let all = partitions(self.bootstrap_servers()).await?.into_iter();
        Ok(all.map(|one| ((one.topic, one.id), one.leader)).collect())
    }
}
