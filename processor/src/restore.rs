//! Restores the states of a partition by the calls that [`RestoreSteps`] asks for.

mod open_transactions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use stackone_client_types::PersonalFields;
use stackone_link_transport::KafkaConfig;
use stackone_processor_core::processor::input::{RestoreFailure, Restored};
use stackone_processor_core::steps::restore::{
    RestoreAnswer, RestoreCall, RestoreStep, RestoreSteps,
};

use crate::consumer::GroupQuestions;
use crate::reader::{Reader, reader};
use open_transactions::WaitingRestore;
pub use open_transactions::{OpenTransaction, OpenTransactions};

/// How long one request to the cluster may take before it is repeated.
const STEP: Duration = Duration::from_secs(5);
/// How soon a cancellation is noticed.
const SLICE: Duration = Duration::from_millis(100);

/// Restores partitions. Each restoring thread has one.
pub struct Restore {
    kafka: KafkaConfig,
    topic: String,
    group_id: String,
    personal: PersonalFields,
    group: GroupQuestions,
    open: Arc<OpenTransactions>,
}

impl Restore {
    /// Takes the state topic, and the consumer whose group has the offsets, with the id `group_id`.
    /// Of personal data it keeps only what `personal` has. It shows in `open` that it waits for a
    /// transaction to end.
    #[must_use]
    pub const fn new(
        kafka: KafkaConfig,
        topic: String,
        group_id: String,
        personal: PersonalFields,
        group: GroupQuestions,
        open: Arc<OpenTransactions>,
    ) -> Self {
        Self {
            kafka,
            topic,
            group_id,
            personal,
            group,
            open,
        }
    }

    /// Restores a partition. Blocks until that is done or `is_cancelled` returns `true`.
    ///
    /// # Errors
    ///
    /// Fails where the settings of the topic would damage data, or the client's cannot be used. It
    /// waits for an unreachable cluster, such as a partition without a leader.
    pub fn run(
        self,
        partition: i32,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Restored>, RestoreFailure> {
        let mut steps = RestoreSteps::new(self.topic.clone(), partition, self.personal);
        let mut restoring = self.begin(partition, is_cancelled)?;
        while let RestoreStep::Call(call, wait) = steps.next() {
            if !sleep(wait, is_cancelled) {
                return Ok(None);
            }
            let answer = restoring.make(call, &mut steps);
            let open = if call == RestoreCall::CommittedOffset && answer.is_err() {
                restoring.transaction_with_offset()
            } else {
                transaction_on_states(&steps, &answer)
            };
            restoring.waiting.waits_for(open);
            steps.ended(answer.unwrap_or_else(|error| {
                // Logs each attempt.
                let what = name(call);
                tracing::warn!(partition, %error, "restore: no {what} yet");
                RestoreAnswer::None
            }));
        }
        steps.finish().map(Some)
    }

    fn begin<'a>(
        self,
        partition: i32,
        is_cancelled: &'a dyn Fn() -> bool,
    ) -> Result<Restoring<'a>, RestoreFailure> {
        let reader = |isolation| {
            let made = reader(&self.kafka, &self.group_id, isolation);
            made.map_err(|error| RestoreFailure::Kafka {
                partition,
                source: error.into(),
            })
        };
        Ok(Restoring {
            uncommitted: reader("read_uncommitted")?,
            committed: reader("read_committed")?,
            topic: self.topic,
            partition,
            group: Some(self.group),
            is_cancelled,
            waiting: self.open.of(partition),
            has_coordinator: false,
        })
    }
}

/// A restore under way.
struct Restoring<'a> {
    uncommitted: Reader,
    committed: Reader,
    topic: String,
    partition: i32,
    /// Dropped as soon as its last answer is there: the group sees this member as long as one is
    /// held.
    group: Option<GroupQuestions>,
    is_cancelled: &'a dyn Fn() -> bool,
    waiting: WaitingRestore,
    /// Whether the coordinator answered the last request, after one for a stable offset had failed.
    has_coordinator: bool,
}

impl Restoring<'_> {
    fn make(
        &mut self,
        call: RestoreCall,
        steps: &mut RestoreSteps,
    ) -> Result<RestoreAnswer, KafkaError> {
        let end = |reader: &Reader| {
            let (_, end) = reader.fetch_watermarks(&self.topic, self.partition, STEP)?;
            Ok(RestoreAnswer::Offset(end))
        };
        match call {
            RestoreCall::CommittedOffset => self.ask_group(|group, partition| {
                Ok(RestoreAnswer::Committed(group.committed(partition, STEP)?))
            }),
            RestoreCall::EventWatermarks => {
                let watermarks = self.ask_group(|group, partition| {
                    let (low, high) = group.watermarks(partition, STEP)?;
                    Ok(RestoreAnswer::Watermarks(low, high))
                })?;
                drop(self.group.take());
                Ok(watermarks)
            }
            RestoreCall::HighWatermark => end(&self.uncommitted),
            RestoreCall::LastStableOffset => end(&self.committed),
            RestoreCall::PartitionCount => self.count(),
            RestoreCall::Read => self.read_to_end(steps),
        }
    }

    fn ask_group(
        &self,
        ask: impl FnOnce(&GroupQuestions, i32) -> Result<RestoreAnswer, KafkaError>,
    ) -> Result<RestoreAnswer, KafkaError> {
        let group = self.group.as_ref();
        group.map_or(Ok(RestoreAnswer::None), |group| ask(group, self.partition))
    }

    /// Returns the open transaction that keeps the group's offset from being stable. The client
    /// waits for that transaction and reports only a timeout. So the coordinator has to answer two
    /// requests for the offset from before, with another request for the stable one between them.
    fn transaction_with_offset(&mut self) -> Option<OpenTransaction> {
        let group = self.group.as_ref()?;
        let asked = group.committed_before(&self.uncommitted, self.partition, STEP);
        let had_coordinator = std::mem::replace(&mut self.has_coordinator, asked.is_ok());
        let committed = asked.ok().filter(|_| had_coordinator)?;
        Some(OpenTransaction::WithOffset { committed })
    }

    fn count(&self) -> Result<RestoreAnswer, KafkaError> {
        let metadata = self.committed.fetch_metadata(Some(&self.topic), STEP)?;
        let mut topics = metadata.topics().iter();
        let topic = topics.find(|topic| topic.error().is_none());
        let partitions = topic.map_or(0, |topic| topic.partitions().len());
        if partitions == 0 {
            return Err(KafkaError::NoMessageReceived);
        }
        Ok(RestoreAnswer::Count(partitions))
    }

    /// Reads to the end that the broker reports, or until it is cancelled.
    fn read_to_end(&self, steps: &mut RestoreSteps) -> Result<RestoreAnswer, KafkaError> {
        let partition = self.partition;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition, Offset::Beginning)?;
        self.committed.assign(&list)?;
        while !(self.is_cancelled)() && matches!(steps.next(), RestoreStep::Call(..)) {
            match self.committed.poll(SLICE) {
                None => {}
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(RestoreAnswer::End),
                Some(Err(error)) => tracing::warn!(partition, %error, "reading the state topic"),
                Some(Ok(message)) if steps.record(message.key(), message.payload()) => {}
                Some(Ok(message)) => tracing::warn!(
                    partition,
                    offset = message.offset(),
                    "state record without an account id as key"
                ),
            }
        }
        Ok(RestoreAnswer::None)
    }
}

/// Returns the open transaction on the state topic that an answer shows.
fn transaction_on_states(
    steps: &RestoreSteps,
    answer: &Result<RestoreAnswer, KafkaError>,
) -> Option<OpenTransaction> {
    let high = steps.is_waiting_for()?;
    match answer {
        Ok(RestoreAnswer::Offset(stable)) if *stable < high => {
            let stable = *stable;
            Some(OpenTransaction::OnStates { stable, high })
        }
        Ok(_) | Err(_) => None,
    }
}

const fn name(call: RestoreCall) -> &'static str {
    match call {
        RestoreCall::CommittedOffset => "stable committed offset",
        RestoreCall::EventWatermarks => "watermarks of the events topic",
        RestoreCall::HighWatermark => "high watermark of the state topic",
        RestoreCall::LastStableOffset => "last stable offset of the state topic",
        RestoreCall::PartitionCount => "partition count",
        RestoreCall::Read => "state",
    }
}

/// Sleeps. Returns `false` where the restore was cancelled.
fn sleep(wait: Duration, is_cancelled: &dyn Fn() -> bool) -> bool {
    let end = Instant::now() + wait;
    loop {
        if is_cancelled() {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(SLICE.min(left));
    }
}
