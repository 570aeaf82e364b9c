//! The transaction of a commit cycle: all records of a batch with the offsets that pass them, or
//! nothing.

mod around;
mod call;
mod failure;
mod producer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use stackone_link_transport::{KafkaConfig, Live, encode_headers};
use stackone_processor_core::event::records::{Batch, TransactionRecord};
use stackone_processor_core::steps::transaction::{
    CallError, Outcome, ProducerCall, TransactionStep, TransactionSteps,
};
use tokio_util::sync::CancellationToken;

pub use around::{Around, Step, Undisturbed};
pub use failure::{StartError, StuckCall, TransactionError};

use crate::clock;
use call::TimedCall;
use failure::{Failed, is_queue_full, sorted};
use producer::{Deliveries, producer_config};

/// A transactional producer. One thread uses it, and never during a rebalance.
pub struct Transactions {
    producer: Live<BaseProducer<Deliveries>>,
    deliveries: Deliveries,
    offsets_topic: String,
    timeout: Duration,
    stop: CancellationToken,
    around: Arc<dyn Around>,
    call: TimedCall,
}

/// The longest time one call may block, so that delivery reports are served and a stop is noticed.
const SLICE: Duration = Duration::from_millis(200);
/// How often delivery reports are served during a flush: a small part of the time of a transaction.
const FLUSH_STEP: Duration = Duration::from_micros(200);
/// How long the cluster may take to name the leaders of its partitions.
const PATIENCE: Duration = Duration::from_secs(2);
/// The wait for room in the client's queue.
const FULL_STEP: Duration = Duration::from_millis(10);
/// The wait before a call is repeated.
const RETRY_STEP: Duration = Duration::from_millis(20);

impl Transactions {
    /// Makes the producer and registers its `transactional.id`, which fences any former producer of
    /// that id. Blocks. Offsets are those of `offsets_topic`. Once `stop` is cancelled, no
    /// transaction takes longer than a few seconds. `around` is [`Undisturbed`] except in tests.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used or the coordinator does not answer within `timeout`.
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
        let producer: Live<BaseProducer<Deliveries>> =
            config.create_with_context(deliveries.clone())?;
        producer.init_transactions(timeout)?;
        let offsets_topic = offsets_topic.to_owned();
        Ok(Self {
            producer,
            deliveries,
            offsets_topic,
            timeout,
            stop,
            around,
            call: TimedCall::default(),
        })
    }

    /// Writes a batch in one transaction, by the steps of [`TransactionSteps`].
    ///
    /// # Errors
    ///
    /// Fails as [`TransactionError`] says.
    pub fn commit(
        &self,
        batch: &Batch,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        let offsets = self.offsets(batch).map_err(TransactionError::Aborted)?;
        let records = batch.records.len();
        let mut steps = TransactionSteps::new(records, self.timeout, clock::monotonic());
        // The first error, before those that follow from it.
        let mut failed = None;
        loop {
            let call = match steps.next() {
                TransactionStep::Call(call) => call,
                TransactionStep::Done(outcome) => return self.outcome(outcome, failed),
            };
            let ended = self
                .make(call, batch, &offsets, group)
                .map_err(|(sort, error)| {
                    if call != ProducerCall::Abort {
                        failed = Some(error);
                    }
                    sort
                });
            if ended == Err(CallError::NotYet) {
                self.serve(call);
            }
            steps.ended(ended, self.stop.is_cancelled(), clock::monotonic());
        }
    }

    /// Makes a call, with what a test does around it.
    fn make(
        &self,
        call: ProducerCall,
        batch: &Batch,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), Failed> {
        let producer = &self.producer;
        let around = |step, take: &mut dyn FnMut() -> KafkaResult<()>| {
            self.around.around(step, batch, take).map_err(sorted)
        };
        match call {
            ProducerCall::Begin => {
                self.deliveries.begin();
                around(Step::Begin, &mut || producer.begin_transaction())
            }
            ProducerCall::Produce(at) => batch
                .records
                .get(at)
                .map_or(Ok(()), |one| self.produce(one)),
            ProducerCall::Flush => self.flush(),
            ProducerCall::SendOffsets => around(Step::SendOffsets, &mut || {
                self.timed(|| producer.send_offsets_to_transaction(offsets, group, SLICE))
            }),
            ProducerCall::Commit => around(Step::Commit, &mut || {
                self.timed(|| producer.commit_transaction(SLICE))
            }),
            ProducerCall::Abort => self
                .timed(|| producer.abort_transaction(SLICE))
                .map_err(sorted),
        }
    }

    /// Serves delivery reports before a call is repeated: an abort waits for the reports of the
    /// records that it purged, and nothing else serves them.
    fn serve(&self, call: ProducerCall) {
        match call {
            ProducerCall::Produce(_) => self.producer.poll(FULL_STEP),
            ProducerCall::Flush => {
                self.producer.poll(Duration::ZERO);
                std::thread::sleep(FLUSH_STEP);
            }
            ProducerCall::Begin
            | ProducerCall::SendOffsets
            | ProducerCall::Commit
            | ProducerCall::Abort => {
                self.producer.poll(RETRY_STEP);
            }
        }
    }

    fn outcome(
        &self,
        outcome: Outcome,
        failed: Option<KafkaError>,
    ) -> Result<(), TransactionError> {
        let error = failed.unwrap_or(KafkaError::Canceled);
        match outcome {
            Outcome::Committed => Ok(()),
            Outcome::Aborted => Err(TransactionError::Aborted(error)),
            // The error that ended the producer is not always the first one: when it is fenced its
            // records are purged, and their errors come first.
            Outcome::Fatal => {
                let cause = self.producer.client().fatal_error();
                let error = cause.map_or(error, |(code, _)| KafkaError::Global(code));
                Err(TransactionError::Fatal(error))
            }
        }
    }

    fn offsets(&self, batch: &Batch) -> Result<TopicPartitionList, KafkaError> {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in &batch.offsets {
            let offset = Offset::Offset(*offset);
            offsets.add_partition_offset(&self.offsets_topic, *partition, offset)?;
        }
        Ok(offsets)
    }

    /// Whether a call will not return, so that the caller of [`Self::commit`] would wait for ever.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.call.is_stuck(Instant::now())
    }

    /// Whether the producer reaches a broker that answers about `topic`. Blocks, also while a
    /// transaction is committed.
    #[must_use]
    pub fn reach(&self, topic: &str, timeout: Duration) -> bool {
        let told = self.producer.client().fetch_metadata(Some(topic), timeout);
        told.is_ok()
    }

    /// Returns the partitions of `topic` that took no record of the last transaction because they
    /// have no leader: all their replicas are down, and no attempt will do better until one is
    /// back. Empty where the cluster does not answer. Blocks.
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

    /// Whether all records are delivered. The client's own `flush` is not used: it serves delivery
    /// reports in steps of 100 ms that do not end early, so every transaction would take that long.
    /// A record that is not delivered ends the flush, since the client sends no more of the
    /// transaction then.
    fn flush(&self) -> Result<(), Failed> {
        let flushed = self.producer.flush(Duration::ZERO);
        match self.deliveries.take_first() {
            Some(error) => Err(sorted(error)),
            None => flushed.map_err(|error| (CallError::NotYet, error)),
        }
    }

    fn produce(&self, record: &TransactionRecord) -> Result<(), Failed> {
        let mut base =
            BaseRecord::<[u8], [u8]>::to(&record.topic).headers(encode_headers(&record.headers));
        base.key = record.key.as_deref();
        base.payload = record.value.as_deref();
        base.partition = record.partition;
        self.producer.send(base).map_err(|(error, _)| {
            if is_queue_full(&error) {
                return (CallError::NotYet, error);
            }
            // Where another record was not delivered, that is the cause.
            sorted(self.deliveries.take_first().unwrap_or(error))
        })
    }

    /// Makes a call that may not return.
    fn timed(&self, call: impl FnOnce() -> KafkaResult<()>) -> KafkaResult<()> {
        self.call.made(Instant::now(), call)
    }
}
