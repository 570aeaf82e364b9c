//! The broker: the embedded one as a process of its own, or a Kafka.

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use clap::Args;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};
use stackone_link_transport::{KafkaConfig, TopicAdmin};
use stackone_link_wire::{Topic, TopicLayout, Topics};
use tokio::runtime::Runtime;

use crate::process::Child;

/// Be the broker: librdkafka's mock cluster.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The number of partitions of each topic.
    #[arg(long)]
    partitions: i32,
}

impl Serve {
    /// Prints its address in a line, and serves until standard input ends.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let owner: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            .set("log_level", "3")
            .create()?;
        let cluster = owner.client().mock_cluster().context("no mock cluster")?;
        let topics = Topics::default();
        for topic in Topic::ALL {
            cluster.create_topic(topics.name(topic), self.partitions, 1)?;
        }
        writeln!(io::stdout(), "{}", cluster.bootstrap_servers())?;
        io::stdin().read_to_end(&mut Vec::new())?;
        Ok(())
    }
}

/// The source of topics for measurements.
pub(crate) enum Broker {
    /// A new embedded broker for each measurement.
    Embedded,
    /// New topics on one Kafka for each measurement.
    Kafka {
        /// `host:port`.
        bootstrap_servers: String,
        /// Keeps the container running. Dropped before the runtime.
        #[cfg(feature = "container")]
        _container: Option<Container>,
        /// The runtime of the admin client.
        runtime: Runtime,
    },
}

/// A broker's container. It may be dropped only inside a runtime.
#[cfg(feature = "container")]
pub(crate) struct Container {
    broker: Option<Box<harness::DedicatedBroker>>,
    runtime: tokio::runtime::Handle,
}

#[cfg(feature = "container")]
impl Drop for Container {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        drop(self.broker.take());
    }
}

/// The topics of one measurement. An embedded broker ends with it.
pub(crate) struct Place {
    pub(crate) kafka: KafkaConfig,
    pub(crate) topics: Topics,
    pub(crate) partitions: i32,
    pub(crate) is_real: bool,
    _broker: Option<Child>,
}

impl Broker {
    /// Opens a broker: `None` is an embedded one, `container` one in a container, anything else the
    /// address of a running one.
    pub(crate) fn open(kafka: Option<&str>) -> anyhow::Result<Self> {
        match kafka {
            None => Ok(Self::Embedded),
            Some("container") => Self::container(),
            Some(servers) => Ok(Self::Kafka {
                bootstrap_servers: servers.to_owned(),
                #[cfg(feature = "container")]
                _container: None,
                runtime: Runtime::new()?,
            }),
        }
    }

    #[cfg(feature = "container")]
    fn container() -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let broker = runtime.block_on(harness::DedicatedBroker::start())?;
        let bootstrap_servers = broker.bootstrap_servers().to_owned();
        let container = Container {
            broker: Some(Box::new(broker)),
            runtime: runtime.handle().clone(),
        };
        Ok(Self::Kafka {
            bootstrap_servers,
            _container: Some(container),
            runtime,
        })
    }

    #[cfg(not(feature = "container"))]
    fn container() -> anyhow::Result<Self> {
        anyhow::bail!("built without containers: build with --features container")
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded (librdkafka's mock cluster)",
            Self::Kafka { .. } => "Apache Kafka",
        }
    }

    /// Whether the broker is Kafka.
    pub(crate) const fn is_real(&self) -> bool {
        match self {
            Self::Embedded => false,
            Self::Kafka { .. } => true,
        }
    }

    /// Makes new topics.
    pub(crate) fn place(&self, partitions: i32) -> anyhow::Result<Place> {
        match self {
            Self::Embedded => {
                let arguments = ["broker", "--partitions", &partitions.to_string()];
                let (broker, servers) = Child::telling_its_address(&arguments)?;
                Ok(Place {
                    kafka: KafkaConfig::plaintext(servers),
                    topics: Topics::default(),
                    partitions,
                    is_real: false,
                    _broker: Some(broker),
                })
            }
            Self::Kafka {
                bootstrap_servers,
                runtime,
                ..
            } => {
                let kafka = KafkaConfig::plaintext(bootstrap_servers);
                let topics = Topics::with_prefix(&format!("bench-{:08x}.", fastrand::u32(..)));
                let admin = TopicAdmin::new(&kafka)?;
                let layout = TopicLayout {
                    partitions,
                    replication: 1,
                };
                runtime.block_on(admin.make_missing(&topics, &Topic::ALL, layout))?;
                Ok(Place {
                    kafka,
                    topics,
                    partitions,
                    is_real: true,
                    _broker: None,
                })
            }
        }
    }
}
