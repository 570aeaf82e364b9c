//! A reading in progress, which tells silence from an outage.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use super::{ReadError, Record};
use crate::StandaloneConsumer;

/// How long one poll waits at most, so that a caller that should stop notices soon.
const SLICE: Duration = Duration::from_millis(100);
/// How long leaders may take to answer when silence has to be explained.
const PROBE: Duration = Duration::from_secs(2);

/// What happens at the end of the ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    ToEnd,
    Follow,
}

/// The result of a poll.
pub enum Polled<'r> {
    /// A record in the order of its partition.
    Record(Record<'r>),
    /// No record yet. Comes at least every 100 ms, so that the caller can decide whether to go on.
    Nothing,
    /// All ranges are read to their ends.
    CaughtUp,
}

/// A reading in progress. Dropping it ends it.
pub struct Reading<'r> {
    consumer: &'r StandaloneConsumer,
    topic: &'r str,
    mode: Mode,
    patience: Duration,
    partitions: BTreeMap<i32, Partition>,
    /// How many partitions are not at their ends.
    open: usize,
    said_caught_up: bool,
    /// The time spent waiting, over all polls. It measures silence: between two polls of a slow
    /// caller nobody can answer.
    waited: Duration,
    last_error: Option<KafkaError>,
}

/// How far a partition is read.
struct Partition {
    /// The offset before which it ends; `None` once that was reached.
    end: Option<i64>,
    /// When the partition last gave a sign of life, and the value of `waited` at that time.
    heard: Instant,
    silent_since: Duration,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        consumer: &'r StandaloneConsumer,
        topic: &'r str,
        mode: Mode,
        ends: BTreeMap<i32, Option<i64>>,
        patience: Duration,
    ) -> Self {
        let heard = Instant::now();
        let partition = |end| Partition {
            end,
            heard,
            silent_since: Duration::ZERO,
        };
        Self {
            consumer,
            topic,
            mode,
            patience,
            open: ends.values().flatten().count(),
            partitions: ends
                .into_iter()
                .map(|(number, end)| (number, partition(end)))
                .collect(),
            said_caught_up: false,
            waited: Duration::ZERO,
            last_error: None,
        }
    }

    /// Waits up to 100 ms for a record, and up to 2 s more where silence has to be explained.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. The next poll goes on where this one was.
    pub fn poll(&mut self) -> Result<Polled<'r>, ReadError> {
        let is_over = self.mode == Mode::ToEnd || !self.said_caught_up;
        if self.open == 0 && is_over {
            self.said_caught_up = true;
            return Ok(Polled::CaughtUp);
        }
        self.explain_silence()?;
        let began = Instant::now();
        let polled = self.consumer.poll(SLICE);
        self.waited += began.elapsed();
        match polled {
            Some(Ok(message)) => Ok(self.take(message)),
            Some(Err(KafkaError::PartitionEOF(number))) => {
                self.heard_of(number);
                self.reached_end(number);
                Ok(Polled::Nothing)
            }
            Some(Err(error)) => self.reported(error),
            None => Ok(Polled::Nothing),
        }
    }

    /// Returns how many partitions are not at their ends.
    #[must_use]
    pub const fn open_partitions(&self) -> usize {
        self.open
    }

    /// Returns the time up to which everything is read: the oldest among the last signs of life of
    /// all partitions. A record is a sign of life, and so are the report of an end and an answer of
    /// the leader.
    #[must_use]
    pub fn heard(&self) -> Option<Instant> {
        let heard = |partition: &Partition| partition.heard;
        self.partitions.values().map(heard).min()
    }

    fn take(&mut self, message: BorrowedMessage<'r>) -> Polled<'r> {
        let (number, offset) = (message.partition(), message.offset());
        let partition = self.partitions.get(&number);
        let end = partition.and_then(|partition| partition.end);
        self.heard_of(number);
        if end.is_some_and(|end| offset >= end - 1) {
            self.reached_end(number);
        }
        if self.mode == Mode::Follow || end.is_some_and(|end| offset < end) {
            Polled::Record(message.into())
        } else {
            Polled::Nothing
        }
    }

    fn heard_of(&mut self, number: i32) {
        if let Some(partition) = self.partitions.get_mut(&number) {
            partition.heard = Instant::now();
            partition.silent_since = self.waited;
        }
    }

    fn reached_end(&mut self, number: i32) {
        let partition = self.partitions.get_mut(&number);
        let end = partition.and_then(|partition| partition.end.take());
        self.open -= usize::from(end.is_some());
    }

    /// Handles a report of the client. It recovers from most of them on its own, and none is a sign
    /// of life.
    fn reported(&mut self, error: KafkaError) -> Result<Polled<'r>, ReadError> {
        match ReadError::of(error, self.topic) {
            ReadError::Kafka(fatal @ KafkaError::MessageConsumptionFatal(_)) => Err(fatal.into()),
            ReadError::Kafka(error) => {
                self.last_error = Some(error);
                Ok(Polled::Nothing)
            }
            error @ (ReadError::Client(_)
            | ReadError::Forbidden { .. }
            | ReadError::Missing(_)
            | ReadError::Stalled { .. }) => Err(error),
        }
    }

    /// Asks the leaders whether there is nothing new, where a partition has been silent for too
    /// long. A partition whose end is not reached has something new.
    fn explain_silence(&mut self) -> Result<(), ReadError> {
        let mut silent = self.silent_too_long();
        if !silent.is_empty() && self.mode == Mode::Follow && self.said_caught_up {
            for number in self.leaders_that_answer() {
                self.heard_of(number);
            }
            silent = self.silent_too_long();
        }
        if silent.is_empty() {
            return Ok(());
        }
        for number in silent {
            if let Some(partition) = self.partitions.get_mut(&number) {
                partition.silent_since = self.waited;
            }
        }
        Err(ReadError::Stalled {
            topic: self.topic.to_owned(),
            patience: self.patience,
            last: self.last_error.take(),
        })
    }

    fn silent_too_long(&self) -> Vec<i32> {
        let is_silent = |(_, partition): &(&i32, &Partition)| {
            let counts = self.mode == Mode::Follow || partition.end.is_some();
            counts && self.waited.saturating_sub(partition.silent_since) >= self.patience
        };
        let silent = self.partitions.iter().filter(is_silent);
        silent.map(|(number, _)| *number).collect()
    }

    /// Returns the partitions whose leaders answer a request for the offset after all records.
    fn leaders_that_answer(&self) -> Vec<i32> {
        let Ok(answers) = self.consumer.offsets_for_timestamp(i64::MAX, PROBE) else {
            return Vec::new();
        };
        let answers = answers.elements().into_iter();
        let answered = answers.filter(|element| element.error().is_ok());
        answered.map(|element| element.partition()).collect()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Nobody polls for these partitions any more, whether or not the client accepts this.
        drop(self.consumer.unassign());
    }
}
