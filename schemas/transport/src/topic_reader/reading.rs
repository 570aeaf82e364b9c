//! Reading under way, and whether silence means that nobody is there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use super::{ReadError, Record, TopicReader};

/// Longest time that one poll waits, so that it is soon noticed when nobody wants the records.
const SLICE: Duration = Duration::from_millis(100);
/// How long leaders may take to answer when silence has to be explained.
const PROBE: Duration = Duration::from_secs(2);

/// What happens at the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    ToEnd,
    Follow,
}

/// What a poll brought.
pub enum Polled<'r> {
    /// A record.
    Record(Record<'r>),
    /// Nothing yet. At least every 100 ms, so that one can look whether to go on.
    Nothing,
    /// All ranges are read to their ends.
    CaughtUp,
}

/// Reading under way. Ends when it is dropped.
pub struct Reading<'r> {
    reader: &'r TopicReader,
    mode: Mode,
    patience: Duration,
    partitions: BTreeMap<i32, Partition>,
    /// How many of them are not at their ends.
    open: usize,
    said_caught_up: bool,
    /// Time spent waiting in all polls. Silence is measured by it: who takes long between two polls
    /// leaves nobody time to answer.
    waited: Duration,
    last_error: Option<KafkaError>,
}

/// How far a partition is read.
struct Partition {
    /// Before which offset it ends; none once that was reached.
    end: Option<i64>,
    /// When it gave the last sign of life, and how long had been waited in all by then.
    heard: Instant,
    silent_since: Duration,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        reader: &'r TopicReader,
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
            reader,
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

    /// Waits up to 100 ms for a record; where silence has to be explained, 2 s more.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. Whoever polls again after one goes on where it was.
    pub fn poll(&mut self) -> Result<Polled<'r>, ReadError> {
        let is_over = self.mode == Mode::ToEnd || !self.said_caught_up;
        if self.open == 0 && is_over {
            self.said_caught_up = true;
            return Ok(Polled::CaughtUp);
        }
        self.explain_silence()?;
        let began = Instant::now();
        let polled = self.reader.consumer.poll(SLICE);
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

    /// How many partitions are not at their ends.
    #[must_use]
    pub const fn open_partitions(&self) -> usize {
        self.open
    }

    /// As of when everything is read: the oldest of the last signs of life that each partition gave. A
    /// record is one, the report of an end, and an answer of its leader.
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

    /// The client tells of something that is in its way. It goes on by itself after most of that, and
    /// nothing of it is a sign of life.
    fn reported(&mut self, error: KafkaError) -> Result<Polled<'r>, ReadError> {
        match ReadError::of(error, &self.reader.topic) {
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

    /// Where a partition has been silent for too long, asks the leaders whether there is nothing new.
    /// Of a partition whose end is not reached there is.
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
            topic: self.reader.topic.clone(),
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

    /// The partitions whose leaders say which record comes after all others, which is none.
    fn leaders_that_answer(&self) -> Vec<i32> {
        let consumer = &self.reader.consumer;
        let Ok(answers) = consumer.offsets_for_timestamp(i64::MAX, PROBE) else {
            return Vec::new();
        };
        let answers = answers.elements().into_iter();
        let answered = answers.filter(|element| element.error().is_ok());
        answered.map(|element| element.partition()).collect()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Whether or not the client can say so, nobody polls for these any more.
        drop(self.reader.consumer.unassign());
    }
}
