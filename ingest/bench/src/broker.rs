//! The embedded broker as a process of its own; topics on another one.

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};
use stackone_link_transport::{KafkaConfig, TopicAdmin};
use stackone_link_wire::{Topic, TopicLayout, Topics};

/// Partitions of each topic: as many as `topics apply` makes where nothing is set.
pub(crate) const PARTITIONS: i32 = 12;
/// How long another broker may take to answer for the first time: one in a container may have been
/// started just now.
const PATIENCE: Duration = Duration::from_secs(90);

/// Tells its address in a line, and serves until standard input ends.
pub(crate) fn serve(partitions: i32) -> anyhow::Result<()> {
    let owner: BaseProducer = ClientConfig::new()
        .set("test.mock.num.brokers", "1")
        .set("log_level", "3")
        .create()?;
    let cluster = owner.client().mock_cluster().context("no mock cluster")?;
    let topics = Topics::default();
    for topic in Topic::ALL {
        cluster.create_topic(topics.name(topic), partitions, 1)?;
    }
    writeln!(io::stdout(), "{}", cluster.bootstrap_servers())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Makes the topics that a broker lacks, as soon as it answers.
pub(crate) fn make_topics(bootstrap_servers: &str, partitions: i32) -> anyhow::Result<()> {
    let admin = TopicAdmin::new(&KafkaConfig::plaintext(bootstrap_servers))?;
    let layout = TopicLayout {
        partitions,
        replication: 1,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (topics, deadline) = (Topics::default(), Instant::now() + PATIENCE);
    loop {
        let made = runtime.block_on(admin.make_missing(&topics, &Topic::ALL, layout));
        match made {
            Ok(_made) => return Ok(()),
            // Each attempt waits for an answer for seconds itself.
            Err(error) if Instant::now() < deadline => {
                writeln!(io::stderr(), "waiting for {bootstrap_servers}: {error}")?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
