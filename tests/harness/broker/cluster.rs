//! Three brokers, each with a vote for the controller, that fail one by one.

mod link;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context;
use stackone_link_transport::KafkaConfig;
use testcontainers::ImageExt;
use testcontainers::core::IntoContainerPort;

use super::container::{KafkaContainer, image, request};
use super::partitions::partitions;
use super::{Broker, DedicatedBroker};
use crate::free_port;
use crate::unique::unique;
use crate::{Overdue, eventually};
use link::Link;

/// Ids of the nodes. Each topic has a replica on every one, two of which have to be in sync for a
/// write.
const NODES: [i32; 3] = [1, 2, 3];
/// The listener behind the link; the broker names the link as its address to who comes there.
const BEHIND: u16 = 9097;
/// How long it may take until all replicas are in sync again, of a broker that was away for long.
const WHOLE_WITHIN: Duration = Duration::from_secs(120);
/// How long the controllers, or the replicas of a partition, may take to agree on a leader.
const LED_WITHIN: Duration = Duration::from_secs(60);

/// Three times Apache Kafka in containers, in a network of their own. Ingest comes to each by a
/// link that can be cut.
pub struct Cluster {
    nodes: [Node; 3],
}

/// A broker of a [`Cluster`].
pub struct Node {
    /// What may be stopped, killed and paused.
    pub broker: DedicatedBroker,
    id: i32,
    link: Link,
}

impl Cluster {
    /// Starts them and waits until they have found each other.
    ///
    /// # Errors
    ///
    /// Where they do not start.
    pub async fn start() -> anyhow::Result<Self> {
        let network = unique("stackone-tests-kafka");
        let mut ports = BTreeSet::new();
        while ports.len() < 2 * NODES.len() {
            ports.insert(free_port()?);
        }
        let ports: Vec<_> = ports.into_iter().collect();
        let start =
            |index: usize| Node::start(&network, NODES[index], [ports[index], ports[index + 3]]);
        // One alone has no majority, and would wait for it.
        let (first, second, third) = tokio::try_join!(start(0), start(1), start(2))?;
        let nodes = [first, second, third];
        Ok(Self { nodes })
    }

    /// A broker for a [`crate::Pipeline`] whose ingest comes by the links, and everybody else does
    /// not.
    #[must_use]
    pub fn broker(&self) -> Broker {
        let servers = self.bootstrap_servers();
        let services = [&self.links(), &servers].map(KafkaConfig::plaintext);
        Broker {
            replication: 3,
            services: Some(Box::new(services)),
            ..Broker::external(servers)
        }
    }

    /// Addresses of all brokers, for clients on this machine.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        let addresses = self.nodes.each_ref();
        addresses
            .map(|node| node.broker.bootstrap_servers())
            .join(",")
    }

    /// The same, by the links.
    #[must_use]
    pub fn links(&self) -> String {
        self.nodes
            .each_ref()
            .map(|node| node.link.address.as_str())
            .join(",")
    }

    /// Its brokers.
    #[must_use]
    pub const fn nodes(&self) -> &[Node; 3] {
        &self.nodes
    }

    /// Who leads a partition.
    ///
    /// # Errors
    ///
    /// Where it has no leader for long.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<&Node, Overdue> {
        eventually("the partition has a leader", LED_WITHIN, async || {
            let all = partitions(&self.bootstrap_servers()).await?;
            let found = all
                .iter()
                .find(|one| one.topic == topic && one.id == partition);
            self.node(found.context("it is not there")?.leader)
        })
        .await
    }

    /// Who is the active controller.
    ///
    /// # Errors
    ///
    /// Where none is elected for long.
    pub async fn controller(&self) -> Result<&Node, Overdue> {
        eventually("the cluster has a controller", LED_WITHIN, async || {
            // By the listener of brokers: the addresses of the others are of no use in a container.
            let says = self.nodes[0].broker.kafka.run(
                "KAFKA_HEAP_OPTS=-Xmx128m /opt/kafka/bin/kafka-run-class.sh \
                 org.apache.kafka.tools.MetadataQuorumCommand \
                 --bootstrap-server localhost:9093 describe --status",
            );
            let says = says.await?;
            let leader = says.lines().find_map(|line| line.strip_prefix("LeaderId:"));
            self.node(leader.context(says.clone())?.trim().parse()?)
        })
        .await
    }

    fn node(&self, id: i32) -> anyhow::Result<&Node> {
        let found = self.nodes.iter().find(|node| node.id == id);
        found.with_context(|| format!("node {id}"))
    }

    /// Waits until every replica of every partition is in sync. All brokers have to say so: one
    /// that was frozen says for a moment what was true before.
    ///
    /// # Errors
    ///
    /// Where that takes long.
    pub async fn is_whole(&self) -> Result<(), Overdue> {
        eventually("all replicas are in sync", WHOLE_WITHIN, async || {
            for node in &self.nodes {
                let all = partitions(node.broker.bootstrap_servers()).await?;
                let lags = all
                    .iter()
                    .find(|one| one.leader < 0 || one.in_sync < NODES.len());
                anyhow::ensure!(lags.is_none(), "node {} knows {lags:?}", node.id);
            }
            Ok(())
        })
        .await
    }
}

impl Node {
    async fn start(network: &str, id: i32, ports: [u16; 2]) -> anyhow::Result<Self> {
        let [direct, behind] = ports;
        let (image, link) = (image()?, Link::to(behind).await?);
        let host = |id: i32| format!("{network}-{id}");
        let clients = format!("CLIENT://127.0.0.1:{direct},LINKED://{}", link.address);
        let all = NODES.len().to_string();
        let settings = [
            ("NODE_ID", id.to_string()),
            (
                "LISTENERS",
                format!("CLIENT://:9092,LINKED://:{BEHIND},BROKER://:9093,CONTROLLER://:9094"),
            ),
            (
                "ADVERTISED_LISTENERS",
                format!("{clients},BROKER://{}:9093", host(id)),
            ),
            (
                "LISTENER_SECURITY_PROTOCOL_MAP",
                "CLIENT:PLAINTEXT,LINKED:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"
                    .to_owned(),
            ),
            (
                "CONTROLLER_QUORUM_VOTERS",
                NODES.map(|id| format!("{id}@{}:9094", host(id))).join(","),
            ),
            ("OFFSETS_TOPIC_REPLICATION_FACTOR", all.clone()),
            ("TRANSACTION_STATE_LOG_REPLICATION_FACTOR", all),
            ("TRANSACTION_STATE_LOG_MIN_ISR", "2".to_owned()),
            ("MIN_INSYNC_REPLICAS", "2".to_owned()),
            // A container that is started again has another address; by default the old one is
            // believed for 30 s.
            (
                "OPTS",
                "-Dsun.net.inetaddr.ttl=1 -Dsun.net.inetaddr.negative.ttl=1".to_owned(),
            ),
        ];
        let request = request(&image, direct)
            .with_mapped_port(behind, BEHIND.tcp())
            .with_network(network)
            .with_host_config_modifier(|host| host.nano_cpus = Some(nano_cpus()))
            .with_container_name(host(id))
            .with_hostname(host(id));
        let request = settings
            .into_iter()
            .fold(request, |request, (name, value)| {
                request.with_env_var(format!("KAFKA_{name}"), value)
            });
        let kafka = KafkaContainer::of(request, direct).await;
        let kafka = kafka.with_context(|| format!("image {}:{}", image.0, image.1))?;
        let broker = DedicatedBroker { kafka };
        Ok(Self { broker, id, link })
    }

    /// Lets nothing more through between ingest and this broker.
    pub fn cut(&self) {
        self.link.cut();
    }

    /// Ends [`Self::cut`].
    pub fn mend(&self) {
        self.link.mend();
    }
}

/// Most of the processors that one broker may take, in billionths: those that start together must
/// not hold up the services, whose time is judged.
fn nano_cpus() -> i64 {
    let all = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    i64::try_from(all).unwrap_or(1) * 300_000_000
}
