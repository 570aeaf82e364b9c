//! The threads that read the topics to their ends, and follow them from there.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountStateView, LinkSessionFact};
use stackone_link_transport::{
    KafkaConfig, Polled, ReadError, ReadRange, ReadStart, Reading, Record, Renewal, TopicReader,
    why_no_broker_answers,
};
use tokio_util::sync::CancellationToken;

use crate::followed::Followed;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::session::Folded;

/// How long the cluster may take to answer which partitions a topic has.
const ASK: Duration = Duration::from_secs(10);
/// How long silence lasts before the log mentions it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The wait before a topic that cannot be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The offset after the last record that was taken in, by partition.
type NextOffsets = HashMap<i32, i64>;

/// Returns the range of what was not taken in yet.
fn unread(partition: i32, next: &NextOffsets) -> ReadRange {
    let next = next.get(&partition).copied();
    ReadRange {
        start: next.map_or(ReadStart::Earliest, ReadStart::Offset),
        ..ReadRange::whole(partition)
    }
}

/// A topic, and the index that its records go to.
pub(crate) struct Follower {
    pub(crate) what: Followed,
    pub(crate) kafka: KafkaConfig,
    pub(crate) group: String,
    pub(crate) topic: String,
    pub(crate) index: Arc<Index>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Follower {
    /// Follows the topic until `stop`, and recovers from every error. Blocks.
    pub(crate) fn run(&self, stop: &CancellationToken) {
        let was_caught_up = AtomicBool::new(false);
        let mut next = NextOffsets::new();
        while !stop.is_cancelled() {
            let followed = self.follow(stop, &was_caught_up, &mut next);
            // Whether a broker can be reached is no longer of use to one that is to stop, and
            // asking takes as long as the question that has just failed.
            if let Err(error) = followed
                && !stop.is_cancelled()
            {
                let problem = self.problem(&error);
                tracing::error!(topic = self.topic, problem, "cannot be read; trying again");
                if !was_caught_up.load(Ordering::Relaxed) {
                    self.readiness.is_behind(self.what, problem);
                }
                thread::sleep(AGAIN);
            }
        }
    }

    /// Returns what keeps the client from its brokers where that is known, and else the error
    /// itself.
    fn problem(&self, error: &ReadError) -> String {
        let known = why_no_broker_answers(&self.kafka, &self.group, ASK);
        known.map_or_else(|| error.to_string(), |trouble| trouble.to_string())
    }

    fn follow(
        &self,
        stop: &CancellationToken,
        caught_up: &AtomicBool,
        next: &mut NextOffsets,
    ) -> Result<(), ReadError> {
        let mut renewal = Renewal::of(&self.kafka);
        let mut reader = TopicReader::new(&self.kafka, &self.group, &self.topic)?;
        let partitions = reader.partitions(ASK)?;
        let ranges = partitions
            .into_iter()
            .map(|partition| unread(partition, next));
        let ranges: Vec<_> = ranges.collect();
        let started = Instant::now();
        let mut reading = reader.follow(&ranges, PATIENCE)?;
        // With new certificates reading goes on where it was: a fact that is read twice counts
        // twice.
        while !stop.is_cancelled() && !renewal.is_due() {
            match self.poll(&mut reading, next)? {
                Some(Step::CaughtUp) => {
                    caught_up.store(true, Ordering::Relaxed);
                    self.readiness.is_caught_up(self.what);
                    let took = started.elapsed();
                    tracing::info!(topic = self.topic, ?took, "read to the end");
                }
                Some(Step::Heard) | None => {}
            }
            if let Some(heard) = reading.heard() {
                self.readiness.heard(self.what, heard);
            }
        }
        Ok(())
    }

    /// Polls once. Silence after the end was reached is no reason to begin anew.
    fn poll(
        &self,
        reading: &mut Reading<'_>,
        next: &mut NextOffsets,
    ) -> Result<Option<Step>, ReadError> {
        match reading.poll() {
            Ok(Polled::Record(record)) => {
                self.take(&record);
                next.insert(record.partition(), record.offset() + 1);
                Ok(Some(Step::Heard))
            }
            Ok(Polled::Nothing) => Ok(None),
            Ok(Polled::CaughtUp) => Ok(Some(Step::CaughtUp)),
            Err(error @ ReadError::Stalled { .. }) => {
                tracing::warn!(%error, "nobody answers; going on");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn take(&self, record: &Record<'_>) {
        match self.what {
            Followed::Facts => self.take_fact(record),
            Followed::States => self.take_state(record),
        }
    }

    fn take_fact(&self, record: &Record<'_>) {
        let fact = record
            .value()
            .map(serde_json::from_slice::<LinkSessionFact>);
        let fact = fact.and_then(|fact| self.readable(fact, record));
        let at = record
            .timestamp_ms()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let place = (record.partition(), record.offset());
        let folded = self
            .index
            .take_fact(fact, at.unwrap_or_else(Timestamp::now), place);
        if folded == Some(Folded::Orphan) {
            tracing::debug!(offset = record.offset(), "a fact whose session is gone");
        }
    }

    fn take_state(&self, record: &Record<'_>) {
        let Some(value) = record.value() else {
            let id = record.key().and_then(|key| std::str::from_utf8(key).ok());
            let id = id.and_then(|id| AccountId::try_from(id).ok());
            if let Some(id) = id {
                self.index.forget_account(&id);
            }
            return;
        };
        if let Some(state) = self.readable(AccountStateView::parse(value), record) {
            self.index.take_state(state);
        }
    }

    /// Counts and skips a record that cannot be parsed: a later version may have written it.
    fn readable<T>(&self, read: Result<T, serde_json::Error>, record: &Record<'_>) -> Option<T> {
        read.map_err(|error| {
            self.metrics.unreadable(self.what);
            let (partition, offset) = (record.partition(), record.offset());
            let category = format!("{:?}", error.classify());
            tracing::warn!(
                topic = self.topic,
                partition,
                offset,
                category,
                "a record cannot be read"
            );
        })
        .ok()
    }
}

enum Step {
    Heard,
    CaughtUp,
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc;

    use stackone_link_process::spawn::spawn_thread;

    use super::*;
    use crate::tasks::FACTS;

    /// Longer than one question takes, and shorter than two.
    const ENDS_WITHIN: Duration = Duration::from_secs(15);

    #[test]
    fn a_follower_that_is_to_stop_does_not_ask_why_no_broker_answers() {
        let broker = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = broker.local_addr().unwrap();
        let follower = Follower {
            what: Followed::Facts,
            kafka: KafkaConfig::plaintext(address.to_string()),
            group: "follower".to_owned(),
            topic: "facts".to_owned(),
            index: Arc::new(Index::new(false)),
            readiness: Arc::default(),
            metrics: Arc::new(Metrics::new().unwrap()),
        };
        let readiness = Arc::clone(&follower.readiness);
        let before = serde_json::to_value(readiness.report()).unwrap();
        let (stop, (ended, end)) = (CancellationToken::new(), mpsc::channel());
        let until = stop.clone();
        let run = move || {
            follower.run(&until);
            ended.send(()).unwrap();
        };
        let _thread = spawn_thread(FACTS, run).unwrap();
        // It asks, and is never answered.
        let _asked = broker.accept().unwrap();
        stop.cancel();
        end.recv_timeout(ENDS_WITHIN).unwrap();
        let after = serde_json::to_value(readiness.report()).unwrap();
        assert_eq!(after, before, "a problem is told");
    }
}
