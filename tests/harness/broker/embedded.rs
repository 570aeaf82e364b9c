//! librdkafka's mock cluster.

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, DefaultProducerContext, Producer};
use stackone_link_wire::{Topic, Topics};

/// A mock cluster of one broker. The producer owns it and does nothing else: unlike a
/// [`MockCluster`] of its own it can be sent between threads.
pub(crate) struct EmbeddedBroker {
    owner: BaseProducer,
}

impl EmbeddedBroker {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let owner: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            // Without this the client warns that a mock cluster is in use.
            .set("log_level", "3")
            .create()?;
        Ok(Self { owner })
    }

    fn cluster(&self) -> MockCluster<'_, DefaultProducerContext> {
        let cluster = self.owner.client().mock_cluster();
        cluster.expect("a client with test.mock.num.brokers has a mock cluster")
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        self.cluster().bootstrap_servers()
    }

    pub(crate) fn create_topics(&self, topics: &Topics, partitions: i32) -> anyhow::Result<()> {
        let cluster = self.cluster();
        for topic in Topic::ALL {
            let name = topics.name(topic);
            let made = cluster.create_topic(name, partitions, 1);
            made.with_context(|| format!("topic {name} is not made"))?;
        }
        Ok(())
    }
}
