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
    /// Partitions of each topic.
    #[arg(long)]
    partitions: i32,
}

impl Serve {
    /// Tells its address in a line, and serves until standard input ends.
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

/// Where measurements get their topics.
pub(crate) enum Broker {
    /// A new embedded broker for each.
    Embedded,
    /// Topics of their own on one Kafka.
    Kafka {
        /// `host:port`.
        bootstrap_servers: String,
        /// For the admin client.
        runtime: Runtime,
        /// Keeps its container.
        #[cfg(feature = "container")]
        _container: Option<Box<harness::DedicatedBroker>>,
    },
}

/// The topics of one measurement; the broker ends with it, where it is embedded.
pub(crate) struct Place {
    pub(crate) kafka: KafkaConfig,
    pub(crate) topics: Topics,
    pub(crate) partitions: i32,
    pub(crate) is_real: bool,
    _broker: Option<Child>,
}

impl Broker {
    /// `None` for the embedded one, `container` for one in a container, else the address of one that runs.
    pub(crate) fn open(kafka: Option<&str>) -> anyhow::Result<Self> {
        match kafka {
            None => Ok(Self::Embedded),
            Some("container") => Self::container(),
            Some(servers) => Ok(Self::Kafka {
                bootstrap_servers: servers.to_owned(),
                runtime: Runtime::new()?,
                #[cfg(feature = "container")]
                _container: None,
            }),
        }
    }

    #[cfg(feature = "container")]
    fn container() -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let container = runtime.block_on(harness::DedicatedBroker::start())?;
        Ok(Self::Kafka {
            bootstrap_servers: container.bootstrap_servers().to_owned(),
            runtime,
            _container: Some(Box::new(container)),
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

    /// Whether it is Kafka.
    pub(crate) const fn is_real(&self) -> bool {
        match self {
            Self::Embedded => false,
            Self::Kafka { .. } => true,
        }
    }

    /// New topics.
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
