//! The Kafka client: its settings, the partitions of a topic, and which of its errors end the
//! program.

use std::time::Duration;

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// How long the brokers may take to list the partitions of a topic.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// Returns an environment variable, or the default where it is not set.
pub(crate) fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Makes a consumer. The file that `KAFKA_PROPERTIES` names says how to reach the brokers.
pub(crate) fn consumer(reports_ends: bool) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    if let Ok(file) = std::env::var("KAFKA_PROPERTIES") {
        let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let properties = lines.filter_map(|line| line.split_once('='));
        config.extend(properties.map(|(key, value)| (key.trim().into(), value.trim().into())));
    }
    config
        .set(
            "bootstrap.servers",
            setting("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        )
        .set("group.id", setting("GROUP_ID", "accounts-table"))
        // Otherwise transitions of aborted transactions show up, and again when they are written
        // anew.
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", reports_ends.to_string());
    Ok(config.create()?)
}

/// Returns all partitions of a topic, from their beginnings. A missing topic is an error, not a
/// topic without records.
pub(crate) fn partitions(
    consumer: &BaseConsumer,
    topic: &str,
) -> anyhow::Result<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(Some(topic), KNOWN_WITHIN)?;
    let mut list = TopicPartitionList::new();
    for found in metadata.topics() {
        for partition in found.partitions() {
            list.add_partition_offset(found.name(), partition.id(), Offset::Beginning)?;
        }
    }
    anyhow::ensure!(list.count() > 0, "there is no topic {topic}");
    Ok(list)
}

/// Prints an error after which the client goes on by itself, such as a broker that is down. Returns
/// one that ends the program.
#[expect(
    clippy::print_stderr,
    reason = "the sample has no log of its own to write to"
)]
pub(crate) fn go_on_after(error: KafkaError) -> Result<(), KafkaError> {
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
        || matches!(error, KafkaError::MessageConsumptionFatal(_))
    {
        return Err(error);
    }
    eprintln!("{error}");
    Ok(())
}
