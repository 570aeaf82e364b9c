//! A broker of one test alone, which may be stopped, paused and started again.

use std::time::Duration;

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topics;
use tokio::process::Command;

use super::Broker;
use super::container::KafkaContainer;
use crate::eventually;

/// How long a broker may take to answer again.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);
/// How long it may take to freeze it.
const PAUSES_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to stop in good order; then it is killed.
const STOPS_WITHIN_SECONDS: i32 = 20;

/// Apache Kafka in a container that no other test uses. It keeps its data and its port when it is
/// stopped and started, and is removed when this is dropped (inside a runtime, as any test is).
pub struct DedicatedBroker {
    pub(super) kafka: KafkaContainer,
}

impl DedicatedBroker {
    /// Starts the container, also where `KAFKA_BOOTSTRAP_SERVERS` names another broker: that one is
    /// not ours to stop.
    ///
    /// # Errors
    ///
    /// Where the container does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let kafka = KafkaContainer::start().await?;
        Ok(Self { kafka })
    }

    /// `host:port`, for clients on this machine.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.kafka.bootstrap_servers
    }

    /// Settings for clients of this broker.
    #[must_use]
    pub fn kafka_config(&self) -> KafkaConfig {
        KafkaConfig::plaintext(self.bootstrap_servers())
    }

    /// Makes all topics of the pipeline and waits until clients see them.
    ///
    /// # Errors
    ///
    /// Where the broker does not make them in time.
    pub async fn create_topics(&self, topics: &Topics, partitions: i32) -> anyhow::Result<()> {
        let broker = Broker::external(self.bootstrap_servers().to_owned());
        broker.create_topics(topics, partitions).await
    }

    /// Runs a script beside the broker, with Kafka's tools on its path, and gives what it prints.
    ///
    /// # Errors
    ///
    /// Where it fails.
    pub async fn run(&self, script: &str) -> anyhow::Result<String> {
        let script = format!("export PATH=/opt/kafka/bin:$PATH\n{script}");
        self.kafka.run(&script).await
    }

    /// Stops the broker in good order: clients find nobody at its port.
    ///
    /// # Errors
    ///
    /// Where the engine does not do it.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let stopped = self
            .kafka
            .container
            .stop_with_timeout(Some(STOPS_WITHIN_SECONDS));
        stopped.await.context("the broker does not stop")
    }

    /// Kills the broker as a crash does. Started again, it answers some 10 s later than after a
    /// [`Self::stop`]: the session of the killed one has to expire first.
    ///
    /// # Errors
    ///
    /// Where the engine does not do it.
    pub async fn kill(&self) -> anyhow::Result<()> {
        // To stop it within no time is not the same: it would tell the others first.
        let id = self.kafka.container.id();
        let killed = Command::new("docker").args(["kill", id]).output().await?;
        let says = String::from_utf8_lossy(&killed.stderr);
        anyhow::ensure!(killed.status.success(), "the broker is not killed: {says}");
        Ok(())
    }

    /// Starts the broker again after [`Self::stop`] or [`Self::kill`], and waits until it answers.
    ///
    /// # Errors
    ///
    /// Where it does not answer in time.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let started = self.kafka.container.start().await;
        started.context("the broker does not start again")?;
        self.answers().await
    }

    /// [`Self::stop`], then [`Self::start_again`].
    ///
    /// # Errors
    ///
    /// As theirs.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Freezes the broker: connections stay open, and nothing is answered.
    ///
    /// # Errors
    ///
    /// Where the engine does not do it.
    pub async fn pause(&self) -> anyhow::Result<()> {
        // The engine cannot always freeze processes that are busy; it says so, and can a moment
        // later.
        let paused = eventually("the broker is paused", PAUSES_WITHIN, async || {
            self.kafka.container.pause().await
        });
        Ok(paused.await?)
    }

    /// Lets a paused broker go on, and waits until it answers.
    ///
    /// # Errors
    ///
    /// Where it does not answer in time.
    pub async fn unpause(&self) -> anyhow::Result<()> {
        let unpaused = self.kafka.container.unpause().await;
        unpaused.context("the broker is not unpaused")?;
        self.answers().await
    }

    /// Waits until the broker answers a client.
    async fn answers(&self) -> anyhow::Result<()> {
        eventually("the broker answers", ANSWERS_WITHIN, async || {
            is_answering(self.bootstrap_servers().to_owned()).await
        })
        .await?;
        Ok(())
    }
}

/// Whether a new client gets metadata that name a broker.
pub(super) async fn is_answering(bootstrap_servers: String) -> anyhow::Result<()> {
    let ask = move || {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap_servers)
            .set("log_level", "0")
            .create()?;
        let metadata = client.fetch_metadata(None, Duration::from_secs(2))?;
        anyhow::ensure!(!metadata.brokers().is_empty(), "the cluster has no broker");
        Ok(())
    };
    tokio::task::spawn_blocking(ask).await?
}
