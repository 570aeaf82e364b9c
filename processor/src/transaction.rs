//! The commit cycle's transaction: everything of a batch, and the offsets that pass it, or nothing.

mod around;
mod call;
mod failure;
mod producer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use stackone_link_transport::{KafkaConfig, encode_headers};
use stackone_processor_core::event::records::{Batch, TransactionRecord};
use tokio_util::sync::CancellationToken;

pub use around::{Around, Step, Undisturbed};
pub use failure::{StartError, TransactionError};

use call::Call;
use failure::{is_fatal, is_queue_full, is_retriable, needs_abort};
use producer::{Deliveries, producer_config};

/// A transactional producer. One thread uses it, and never while a rebalance is handled.
pub struct Transactions {
    producer: BaseProducer<Deliveries>,
    deliveries: Deliveries,
    offsets_topic: String,
    timeout: Duration,
    stop: CancellationToken,
    around: Arc<dyn Around>,
    call: Call,
}

/// Longest time one call into the client may block, so that delivery reports are served and a stop is noticed.
const SLICE: Duration = Duration::from_millis(200);
/// How often delivery reports are served while records are on their way: a small part of what a transaction takes.
const FLUSH_STEP: Duration = Duration::from_micros(200);
/// How long the cluster may take to say who leads its partitions.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an abort may take: longer than a broker takes to be started again. Within it, no new producer is needed and
/// nothing is restored.
pub(crate) const ABORT_WITHIN: Duration = Duration::from_secs(60);
/// How long a transaction may still take once the process stops.
const WHEN_STOPPING: Duration = Duration::from_secs(4);

impl Transactions {
    /// Makes the producer and registers its `transactional.id`, which fences any former producer of that id. Blocks.
    /// Offsets are those of `offsets_topic`. Once `stop` is cancelled, no transaction takes longer than a few seconds.
    /// `around` is [`Undisturbed`] but in tests.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used or the coordinator does not answer within `timeout`.
    pub fn start(
        kafka: &KafkaConfig,
        transactional_id: &str,
        offsets_topic: &str,
        timeout: Duration,
        stop: CancellationToken,
        around: Arc<dyn Around>,
    ) -> Result<Self, StartError> {
        let deliveries = Deliveries::default();
        let config = producer_config(kafka, transactional_id, timeout)?;
        let producer: BaseProducer<Deliveries> = config.create_with_context(deliveries.clone())?;
        producer.init_transactions(timeout)?;
        let offsets_topic = offsets_topic.to_owned();
        Ok(Self {
            producer,
            deliveries,
            offsets_topic,
            timeout,
            stop,
            around,
            call: Call::default(),
        })
    }

    /// Writes a batch in one transaction: produce, flush, send offsets, commit. Flushing before the offsets are sent
    /// makes sure that no record can be appended after the broker checked the generation.
    ///
    /// # Errors
    ///
    /// See [`TransactionError`].
    pub fn commit(
        &self,
        batch: &Batch,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        let deadline = Deadline::after(self.timeout, &self.stop);
        let mut begin = || self.producer.begin_transaction();
        self.around
            .around(Step::Begin, batch, &mut begin)
            .map_err(|error| self.fatal(error))?;
        if let Err(error) = self.write(batch, group, &deadline) {
            return Err(self.give_up(error));
        }
        // A commit that timed out may have happened: calling it again tells. One whose outcome stays unknown must not
        // be aborted, since it may still be carried out: a new producer waits for it, and restoring reads the truth.
        let mut commit = || self.retried(&deadline, || self.producer.commit_transaction(SLICE));
        match self.around.around(Step::Commit, batch, &mut commit) {
            Ok(()) => Ok(()),
            Err(error) if needs_abort(&error) => Err(self.give_up(error)),
            Err(error) => Err(self.fatal(error)),
        }
    }

    /// Whether a call into the client will not come back, and whoever waits for [`Self::commit`] waits for ever.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.call.is_stuck(Instant::now())
    }

    /// Whether the producer reaches a broker: one that tells it of `topic`. Blocks, also while a transaction is committed.
    #[must_use]
    pub fn reach(&self, topic: &str, timeout: Duration) -> bool {
        let told = self.producer.client().fetch_metadata(Some(topic), timeout);
        told.is_ok()
    }

    /// Partitions of `topic` that took no record of the last transaction, where that is because the cluster names no leader
    /// for them: all their replicas are gone, and no attempt will do better until one is back. None where the cluster does
    /// not answer. Blocks.
    #[must_use]
    pub fn leaderless(&self, topic: &str) -> Vec<i32> {
        let mut without = self.deliveries.without(topic);
        if without.is_empty() {
            return without;
        }
        let Ok(metadata) = self.producer.client().fetch_metadata(Some(topic), PATIENCE) else {
            return Vec::new();
        };
        let has_no_leader = |wanted: &i32| {
            let mut partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
            partitions.any(|partition| partition.id() == *wanted && partition.leader() < 0)
        };
        without.retain(has_no_leader);
        without
    }

    fn write(
        &self,
        batch: &Batch,
        group: &ConsumerGroupMetadata,
        deadline: &Deadline,
    ) -> Result<(), KafkaError> {
        self.deliveries.begin();
        for record in &batch.records {
            self.produce(record, deadline)?;
        }
        self.flush(deadline)?;
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in &batch.offsets {
            offsets.add_partition_offset(
                &self.offsets_topic,
                *partition,
                Offset::Offset(*offset),
            )?;
        }
        let mut send = || {
            self.retried(deadline, || {
                self.producer
                    .send_offsets_to_transaction(&offsets, group, SLICE)
            })
        };
        self.around.around(Step::SendOffsets, batch, &mut send)
    }

    /// Waits until all records are delivered. Not left to the client's own `flush`, which serves delivery reports in steps
    /// of 100 ms that do not end before their time: every transaction would take that long. One that is not delivered
    /// ends it: the client sends no more of the transaction then.
    fn flush(&self, deadline: &Deadline) -> Result<(), KafkaError> {
        let undelivered = || self.deliveries.take_first();
        while let Err(error) = self.producer.flush(Duration::ZERO) {
            if let Some(error) = undelivered() {
                return Err(error);
            }
            if deadline.is_over() {
                return Err(error);
            }
            self.producer.poll(Duration::ZERO);
            std::thread::sleep(FLUSH_STEP);
        }
        undelivered().map_or(Ok(()), Err)
    }

    /// Aborts what failed. One that cannot be aborted in time needs a new producer, as a fatal error does.
    fn give_up(&self, error: KafkaError) -> TransactionError {
        if is_fatal(&error) {
            return self.fatal(error);
        }
        let deadline = Deadline::after(ABORT_WITHIN, &self.stop);
        match self.retried(&deadline, || self.producer.abort_transaction(SLICE)) {
            Ok(()) => TransactionError::Aborted(error),
            Err(_) => self.fatal(error),
        }
    }

    /// The error that made the producer useless, which is not always the first that came of it: when it is fenced, its
    /// records are purged, and that is told first.
    fn fatal(&self, error: KafkaError) -> TransactionError {
        let cause = self.producer.client().fatal_error();
        TransactionError::Fatal(cause.map_or(error, |(code, _)| KafkaError::Global(code)))
    }

    fn produce(&self, record: &TransactionRecord, deadline: &Deadline) -> Result<(), KafkaError> {
        loop {
            let mut base = BaseRecord::<[u8], [u8]>::to(&record.topic)
                .headers(encode_headers(&record.headers));
            base.key = record.key.as_deref();
            base.payload = record.value.as_deref();
            base.partition = record.partition;
            match self.producer.send(base) {
                Ok(()) => return Ok(()),
                Err((error, _)) if is_queue_full(&error) && !deadline.is_over() => {
                    self.producer.poll(Duration::from_millis(10));
                }
                // Where another record was not delivered, that is why.
                Err((error, _)) => return Err(self.deliveries.take_first().unwrap_or(error)),
            }
        }
    }

    /// Tries again as long as the client says that it is worth it. Delivery reports are served in between: an abort
    /// waits for those of what it purged, and nobody else serves them.
    fn retried(
        &self,
        deadline: &Deadline,
        attempt: impl Fn() -> Result<(), KafkaError>,
    ) -> Result<(), KafkaError> {
        loop {
            match self.call.made(Instant::now(), &attempt) {
                Err(error) if is_retriable(&error) && !deadline.is_over() => {
                    self.producer.poll(Duration::from_millis(20));
                }
                result => return result,
            }
        }
    }
}

/// When a transaction has taken long enough.
struct Deadline<'a> {
    began: Instant,
    allowed: Duration,
    stop: &'a CancellationToken,
}

impl<'a> Deadline<'a> {
    fn after(allowed: Duration, stop: &'a CancellationToken) -> Self {
        Self {
            began: Instant::now(),
            allowed,
            stop,
        }
    }

    fn is_over(&self) -> bool {
        let allowed = if self.stop.is_cancelled() {
            self.allowed.min(WHEN_STOPPING)
        } else {
            self.allowed
        };
        self.began.elapsed() >= allowed
    }
}
