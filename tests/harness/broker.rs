//! The broker a test runs on.

#[cfg(feature = "container")]
mod cluster;
#[cfg(feature = "container")]
mod container;
#[cfg(feature = "container")]
mod dedicated;
mod embedded;
#[cfg(feature = "container")]
mod partitions;
#[cfg(feature = "container")]
mod proxied;
#[cfg(feature = "container")]
mod reaper;
#[cfg(feature = "container")]
mod secured;
#[cfg(feature = "container")]
mod small_disk;

use anyhow::Context;
use stackone_link_transport::{KafkaConfig, TopicAdmin};
use stackone_link_wire::{Topic, TopicLayout, Topics};

#[cfg(feature = "container")]
pub use cluster::{Cluster, Node};
#[cfg(feature = "container")]
pub use dedicated::DedicatedBroker;
#[cfg(feature = "container")]
pub use proxied::ProxiedBroker;
#[cfg(feature = "container")]
pub use secured::SecuredBroker;
#[cfg(feature = "container")]
pub use small_disk::SmallDiskBroker;

use crate::{WITHIN, eventually};
use embedded::EmbeddedBroker;

/// What kind of broker it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// librdkafka's mock cluster in this process. It proves logic only: it does not hide aborted
    /// records, keeps no transactional offsets, does not compact, and takes 3 s for a group's first
    /// record.
    Embedded,
    /// Apache Kafka in a container.
    Container,
    /// One that somebody else runs.
    External,
}

/// A running broker. What it needs to run lives as long as this.
pub struct Broker {
    bootstrap_servers: String,
    embedded: Option<EmbeddedBroker>,
    kind: BrokerKind,
    /// Replicas of each topic, one on each broker.
    pub(crate) replication: i32,
    /// How ingest and the processor reach it, where that is otherwise than the harness does.
    services: Option<Box<[KafkaConfig; 2]>>,
}

impl Broker {
    /// The broker that the environment asks for, see the crate's front page.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub async fn start() -> Self {
        match std::env::var("KAFKA_BOOTSTRAP_SERVERS") {
            Ok(servers) => Self::external(servers),
            Err(std::env::VarError::NotPresent) => Self::default_of_this_build().await,
            Err(error) => panic!("KAFKA_BOOTSTRAP_SERVERS: {error}"),
        }
    }

    #[cfg(feature = "container")]
    async fn default_of_this_build() -> Self {
        match container::shared().await {
            Ok(bootstrap_servers) => Self {
                bootstrap_servers,
                embedded: None,
                kind: BrokerKind::Container,
                replication: 1,
                services: None,
            },
            Err(problem) => panic!("no Kafka container: {problem}"),
        }
    }

    #[cfg(not(feature = "container"))]
    async fn default_of_this_build() -> Self {
        Self::embedded()
    }

    /// An embedded broker, whatever the environment says.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    pub fn embedded() -> Self {
        let embedded = EmbeddedBroker::start().expect("the embedded broker starts");
        Self {
            bootstrap_servers: embedded.bootstrap_servers(),
            embedded: Some(embedded),
            kind: BrokerKind::Embedded,
            replication: 1,
            services: None,
        }
    }

    /// A broker that somebody else runs.
    #[must_use]
    pub fn external(bootstrap_servers: String) -> Self {
        Self {
            bootstrap_servers,
            embedded: None,
            kind: BrokerKind::External,
            replication: 1,
            services: None,
        }
    }

    /// `host:port`, for clients on this machine.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Settings for clients of this broker.
    #[must_use]
    pub fn kafka_config(&self) -> KafkaConfig {
        KafkaConfig::plaintext(&self.bootstrap_servers)
    }

    /// Settings for ingest and for the processor under test.
    #[must_use]
    pub fn kafka_configs_of_services(&self) -> [KafkaConfig; 2] {
        let same = || [self.kafka_config(), self.kafka_config()];
        self.services.as_deref().cloned().unwrap_or_else(same)
    }

    /// What kind of broker it is.
    #[must_use]
    pub const fn kind(&self) -> BrokerKind {
        self.kind
    }

    /// Whether it is Kafka, and not the embedded stand-in.
    #[must_use]
    pub const fn is_real(&self) -> bool {
        match self.kind {
            BrokerKind::Embedded => false,
            BrokerKind::Container | BrokerKind::External => true,
        }
    }

    /// Makes all topics of the pipeline and waits until clients see them.
    ///
    /// # Errors
    ///
    /// Where the broker does not make them in time.
    pub async fn create_topics(&self, topics: &Topics, partitions: i32) -> anyhow::Result<()> {
        match &self.embedded {
            Some(embedded) => embedded.create_topics(topics, partitions),
            None => {
                let replication = self.replication;
                let layout = TopicLayout {
                    partitions,
                    replication,
                };
                make_topics(&self.kafka_config(), topics, layout).await
            }
        }
    }
}

/// Makes the topics on a real broker.
pub(crate) async fn make_topics(
    kafka: &KafkaConfig,
    topics: &Topics,
    layout: TopicLayout,
) -> anyhow::Result<()> {
    let admin = TopicAdmin::new(kafka)?;
    // A busy broker may take longer than the client waits: it is asked again for what is missing
    // then.
    let made = eventually("the topics are made and seen", WITHIN, async || {
        let made = admin.make_missing(topics, &Topic::ALL, layout).await;
        made.context("the topics are not made")?;
        let findings = admin.findings(topics, &Topic::ALL, false).await?;
        anyhow::ensure!(findings.is_empty(), "made, and not seen: {findings:?}");
        Ok(())
    });
    Ok(made.await?)
}
