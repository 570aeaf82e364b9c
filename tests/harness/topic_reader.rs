//! Reads a topic from its beginning.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use stackone_link_wire::Topic;
use tokio::time::{Instant, timeout_at};

use crate::contract::violation;
use crate::{Isolation, ReadRecord, WITHIN, eventually, unique_group};

/// How long reading to the end of a topic may take.
const END_WITHIN: Duration = Duration::from_secs(120);

/// Collects the records of one topic, all partitions of it, from the beginning. It belongs to no
/// group.
pub struct TopicReader {
    consumer: Arc<StreamConsumer>,
    config: ClientConfig,
    topic: String,
    assigned: Option<usize>,
    records: Vec<ReadRecord>,
    forgets_repeats: bool,
    contract: Option<Topic>,
    last_error: Option<KafkaError>,
}

/// What one poll brought.
enum Step {
    Record,
    End(i32),
}

impl TopicReader {
    /// A reader of a topic, which need not exist yet.
    ///
    /// # Panics
    ///
    /// Where the Kafka client cannot be made.
    #[must_use]
    pub fn new(bootstrap_servers: &str, topic: &str, isolation: Isolation) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap_servers)
            // The client wants one although nothing is committed and no group is joined.
            .set("group.id", unique_group("reader"))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", isolation.as_str())
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "10")
            .set("reconnect.backoff.max.ms", "500")
            // Of a broker that is frozen; by default 60 s, for which it would seem that nothing was
            // written.
            .set("socket.timeout.ms", "3000")
            // A test that stops the broker need not be told that it cannot be reached.
            .set("log_level", "0");
        Self::of(config, topic.to_owned())
    }

    fn of(config: ClientConfig, topic: String) -> Self {
        let consumer = config.create().expect("the reader's settings are accepted");
        Self {
            consumer: Arc::new(consumer),
            config,
            topic,
            assigned: None,
            records: Vec::new(),
            forgets_repeats: false,
            contract: None,
            last_error: None,
        }
    }

    /// Takes a record with the id of an earlier one to be that, again. For what transactions write
    /// on the embedded broker alone: it shows what was aborted and then written anew.
    #[must_use]
    pub fn forgetting_repeats(self) -> Self {
        Self {
            forgets_repeats: true,
            ..self
        }
    }

    /// Holds every record against the contract of `topic`: the committed schema, and `CloudEvents`.
    #[must_use]
    pub fn holding_to_the_contract_of(self, topic: Topic) -> Self {
        Self {
            contract: Some(topic),
            ..self
        }
    }

    /// What was read so far, in order per partition.
    #[must_use]
    pub fn records(&self) -> &[ReadRecord] {
        &self.records
    }

    /// Reads on until `condition` holds of all records read so far, and returns these.
    ///
    /// # Panics
    ///
    /// Where that takes longer than `within`, with what was read; and on a record that is not as
    /// the pipeline's are.
    pub async fn read_until(
        &mut self,
        within: Duration,
        condition: impl Fn(&[ReadRecord]) -> bool,
    ) -> &[ReadRecord] {
        let deadline = Instant::now() + within;
        self.assign(within).await;
        let reading = async {
            while !condition(&self.records) {
                self.step().await;
            }
        };
        if timeout_at(deadline, reading).await.is_err() {
            panic!(
                "after {within:?} the awaited records are not there: {}",
                self.seen()
            );
        }
        &self.records
    }

    /// Reads on until there are so many records, and returns these.
    ///
    /// # Panics
    ///
    /// Where that takes longer than [`WITHIN`].
    pub async fn events(&mut self, count: usize) -> &[ReadRecord] {
        self.read_until(WITHIN, |records| records.len() == count)
            .await
    }

    /// The same of as many or more.
    ///
    /// # Panics
    ///
    /// Where that takes longer than [`WITHIN`].
    pub async fn at_least(&mut self, count: usize) -> &[ReadRecord] {
        self.read_until(WITHIN, |records| records.len() >= count)
            .await
    }

    /// Everything that the topic holds now, read anew. A transaction that was committed a moment
    /// ago may not be visible yet: wait for its records with [`Self::read_until`] first.
    ///
    /// # Panics
    ///
    /// Where the end is not reached in 30 s; and on a record that is not as the pipeline's are.
    pub async fn read_to_end(&self) -> Vec<ReadRecord> {
        let mut anew = Self::of(self.config.clone(), self.topic.clone());
        anew.forgets_repeats = self.forgets_repeats;
        anew.contract = self.contract;
        let deadline = Instant::now() + END_WITHIN;
        let partitions = anew.assign(END_WITHIN).await;
        let reading = async {
            let mut ended = BTreeSet::new();
            while ended.len() < partitions {
                if let Step::End(partition) = anew.step().await {
                    ended.insert(partition);
                }
            }
        };
        if timeout_at(deadline, reading).await.is_err() {
            panic!(
                "after {END_WITHIN:?} the end is not reached: {}",
                anew.seen()
            );
        }
        anew.records
    }

    /// The same, once no transaction is open: then all that a writer knows to be committed is
    /// visible.
    ///
    /// # Panics
    ///
    /// Where one stays open for 30 s, or the end is not reached; and on a record that is not as the
    /// pipeline's are.
    pub async fn read_all_committed(&self) -> Vec<ReadRecord> {
        let (config, topic) = (self.config.clone(), self.topic.clone());
        let look = async || {
            let (config, topic) = (config.clone(), topic.clone());
            tokio::task::spawn_blocking(move || no_transaction_is_open(&config, &topic)).await?
        };
        let stable = eventually("no transaction is open", END_WITHIN, look).await;
        stable.unwrap_or_else(|overdue| panic!("{overdue}"));
        self.read_to_end().await
    }

    /// Takes the next record into `records`, or learns that a partition has no more for now.
    async fn step(&mut self) -> Step {
        loop {
            match self.consumer.recv().await {
                Ok(message) => {
                    let record = ReadRecord::of(&message);
                    let violation = self.contract.and_then(|topic| violation(topic, &message));
                    if let Some(violation) = violation {
                        panic!(
                            "a record of {} breaks the contract: {violation}; {record:?}",
                            self.topic
                        );
                    }
                    let is_repeat =
                        |earlier: &ReadRecord| earlier.headers.event.id == record.headers.event.id;
                    if self.forgets_repeats {
                        self.records.retain(|earlier| !is_repeat(earlier));
                    }
                    self.records.push(record);
                    return Step::Record;
                }
                Err(KafkaError::PartitionEOF(partition)) => return Step::End(partition),
                // The client goes on by itself, for instance when the broker is back.
                Err(error) => self.last_error = Some(error),
            }
        }
    }

    /// Assigns all partitions from their beginning, once the topic exists, and says how many there
    /// are.
    async fn assign(&mut self, within: Duration) -> usize {
        if let Some(partitions) = self.assigned {
            return partitions;
        }
        let awaited = format!("topic {} exists", self.topic);
        let look = async || partitions_of(self.consumer.clone(), self.topic.clone()).await;
        let found = eventually(&awaited, within, look).await;
        let partitions = found.unwrap_or_else(|overdue| panic!("{overdue}"));
        let mut list = TopicPartitionList::new();
        for partition in &partitions {
            list.add_partition_offset(&self.topic, *partition, Offset::Beginning)
                .expect("the beginning is an offset");
        }
        let assigned = self.consumer.assign(&list);
        assigned.expect("partitions that exist can be assigned");
        self.assigned = Some(partitions.len());
        partitions.len()
    }

    fn seen(&self) -> String {
        let Self { topic, records, .. } = self;
        let lines = records.iter().map(|record| format!("\n  {record:?}"));
        let error = self.last_error.as_ref();
        let error = error.map_or_else(String::new, |error| format!("\n  last error: {error}"));
        format!(
            "{} records of {topic} read{error}{}",
            records.len(),
            lines.collect::<String>()
        )
    }
}

/// The end that a `read_committed` reader sees is before the first record of an open transaction.
fn no_transaction_is_open(config: &ClientConfig, topic: &str) -> anyhow::Result<()> {
    let within = Duration::from_secs(5);
    let client = |isolation: Isolation| -> Result<BaseConsumer, KafkaError> {
        let mut config = config.clone();
        config.set("isolation.level", isolation.as_str());
        config.create()
    };
    let committed = client(Isolation::ReadCommitted)?;
    let uncommitted = client(Isolation::ReadUncommitted)?;
    let metadata = uncommitted.fetch_metadata(Some(topic), within)?;
    for partition in metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions())
    {
        let (_, end) = uncommitted.fetch_watermarks(topic, partition.id(), within)?;
        let (_, stable) = committed.fetch_watermarks(topic, partition.id(), within)?;
        anyhow::ensure!(stable >= end, "partition {}", partition.id());
    }
    Ok(())
}

/// The partitions of a topic that has some.
async fn partitions_of(consumer: Arc<StreamConsumer>, topic: String) -> anyhow::Result<Vec<i32>> {
    let ask = move || {
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(2))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map(|found| found.partitions()).unwrap_or_default();
        anyhow::ensure!(!partitions.is_empty(), "the topic has no partition");
        Ok(partitions.iter().map(|partition| partition.id()).collect())
    };
    tokio::task::spawn_blocking(ask).await?
}
