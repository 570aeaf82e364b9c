//! The embedded broker as a process of its own.

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};
use stackone_link_transport::{Topic, Topics};

const PARTITIONS: i32 = 12;

/// Tells its address in a line, and serves until standard input ends.
pub(crate) fn serve() -> anyhow::Result<()> {
    let owner: BaseProducer = ClientConfig::new()
        .set("test.mock.num.brokers", "1")
        .set("log_level", "3")
        .create()?;
    let cluster = owner.client().mock_cluster().context("no mock cluster")?;
    let topics = Topics::default();
    for topic in Topic::ALL {
        cluster.create_topic(topics.name(topic), PARTITIONS, 1)?;
    }
    writeln!(io::stdout(), "{}", cluster.bootstrap_servers())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
