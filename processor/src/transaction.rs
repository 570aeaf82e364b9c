//! The commit cycle's transaction: everything of a batch, and the offsets that pass it, or nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use stackone_link_transport::{ConfigError, KafkaConfig, RecordHeaders};

/// A record of a transaction.
#[derive(Debug, Clone)]
pub struct TransactionRecord {
    /// Topic.
    pub topic: String,
    /// Partition, where it must not be left to the partitioner.
    pub partition: Option<i32>,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: RecordHeaders,
}

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The records, in order.
    pub records: Vec<TransactionRecord>,
    /// The offset to commit for each partition that is touched. Never empty: without it the broker checks no generation.
    pub offsets: Vec<(i32, i64)>,
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Nothing of it is visible; what is still owned can be tried again.
    #[error("transaction aborted")]
    Aborted(#[source] KafkaError),
    /// The producer is of no more use: a new one is needed, and what was in memory may be out of date.
    #[error("transactional producer failed for good")]
    Fatal(#[source] KafkaError),
}

/// Why a transactional producer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The Kafka settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client refused its settings, or the transaction coordinator did not answer.
    #[error("transactional producer")]
    Client(#[from] KafkaError),
}

/// A transactional producer. One thread uses it, and never while a rebalance is handled.
pub struct Transactions {
    producer: BaseProducer<Deliveries>,
    deliveries: Deliveries,
    events_topic: String,
    timeout: Duration,
    /// An abort did not get through; it has to before the next transaction.
    abort_due: bool,
}

/// Remembers the first record of a transaction that was not delivered.
#[derive(Clone, Default)]
struct Deliveries(Arc<Mutex<Option<KafkaError>>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            tracing::warn!(topic = message.topic(), %error, "record of a transaction was not delivered");
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(|| error.clone());
        }
    }
}

impl Transactions {
    /// Makes the producer and registers its `transactional.id`, which fences any former producer of that id. Blocks.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used or the coordinator does not answer within `timeout`.
    pub fn start(
        kafka: &KafkaConfig,
        transactional_id: &str,
        events_topic: &str,
        timeout: Duration,
    ) -> Result<Self, StartError> {
        let mut config = kafka.client_config(transactional_id)?;
        let millis = timeout.as_millis().to_string();
        config.set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", &millis);
        config.set("message.timeout.ms", &millis);
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        config.set("partitioner", "murmur2_random");
        if config.get("linger.ms").is_none() {
            // A batch is complete when it is flushed; nobody comes later.
            config.set("linger.ms", "0");
        }
        let deliveries = Deliveries::default();
        let producer: BaseProducer<Deliveries> = config.create_with_context(deliveries.clone())?;
        producer.init_transactions(timeout)?;
        Ok(Self {
            producer,
            deliveries,
            events_topic: events_topic.to_owned(),
            timeout,
            abort_due: false,
        })
    }

    /// Writes a batch in one transaction: produce, flush, send offsets, commit. Flushing before the offsets are sent
    /// makes sure that no record can be appended after the broker checked the generation.
    ///
    /// # Errors
    ///
    /// See [`TransactionError`].
    pub fn commit(
        &mut self,
        batch: &Batch,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        if self.abort_due {
            self.abort()?;
        }
        self.producer
            .begin_transaction()
            .map_err(TransactionError::Fatal)?;
        let written = self
            .write(batch, group)
            .and_then(|()| self.commit_until_known());
        match written {
            Ok(()) => Ok(()),
            Err(error) if is_fatal(&error) => Err(TransactionError::Fatal(error)),
            Err(error) => {
                self.abort_due = true;
                self.abort()?;
                Err(TransactionError::Aborted(error))
            }
        }
    }

    fn write(&self, batch: &Batch, group: &ConsumerGroupMetadata) -> Result<(), KafkaError> {
        self.deliveries
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        for record in &batch.records {
            self.produce(record)?;
        }
        self.producer.flush(self.timeout)?;
        if let Some(error) = self
            .deliveries
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            return Err(error);
        }
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in &batch.offsets {
            offsets.add_partition_offset(
                &self.events_topic,
                *partition,
                Offset::Offset(*offset),
            )?;
        }
        self.retried(|timeout| {
            self.producer
                .send_offsets_to_transaction(&offsets, group, timeout)
        })
    }

    fn produce(&self, record: &TransactionRecord) -> Result<(), KafkaError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut base =
                BaseRecord::<[u8], [u8]>::to(&record.topic).headers(record.headers.encode());
            base.key = record.key.as_deref();
            base.payload = record.value.as_deref();
            base.partition = record.partition;
            match self.producer.send(base) {
                Ok(()) => return Ok(()),
                Err((error, _)) if is_queue_full(&error) && Instant::now() < deadline => {
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// A commit that timed out may have happened: calling it again tells.
    fn commit_until_known(&self) -> Result<(), KafkaError> {
        self.retried(|timeout| self.producer.commit_transaction(timeout))
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        match self.retried(|timeout| self.producer.abort_transaction(timeout)) {
            Ok(()) => {
                self.abort_due = false;
                Ok(())
            }
            Err(error) if is_fatal(&error) => Err(TransactionError::Fatal(error)),
            Err(error) => Err(TransactionError::Aborted(error)),
        }
    }

    fn retried(
        &self,
        attempt: impl Fn(Duration) -> Result<(), KafkaError>,
    ) -> Result<(), KafkaError> {
        let deadline = Instant::now() + self.timeout * 2;
        loop {
            match attempt(self.timeout) {
                Err(error) if is_retriable(&error) && Instant::now() < deadline => {
                    tracing::debug!(%error, "step of a transaction is tried again");
                }
                result => return result,
            }
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable())
}

fn is_fatal(error: &KafkaError) -> bool {
    if let KafkaError::Transaction(error) = error {
        return error.is_fatal();
    }
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
}

fn is_queue_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}
