//! The one place that owns publishers: one, or two that linger differently.

mod linger;
mod liveness;
mod progress;
mod replaceable;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stackone_link_transport::{AskError, KafkaConfig, PublishError, StartError, Stored};
use stackone_link_wire::OutgoingRecord;

use crate::config::Linger;
use linger::Crowd;

pub(crate) use progress::Seen;
pub(crate) use replaceable::Replaceable;

/// How long records wait for others while many are under way.
const BATCHING_LINGER: Duration = Duration::from_millis(2);
/// What a publisher may queue, in librdkafka's properties, and where they are not set. Two publishers have half each, so
/// that the limits hold for both together.
const QUEUE_LIMITS: [(&str, u64); 2] = [
    ("queue.buffering.max.messages", 100_000),
    ("queue.buffering.max.kbytes", 1_048_576),
];

/// Publishes records, and lets them linger as long as pays.
///
/// **Order.** Where two publishers take turns, webhooks of one account may go through different ones, and those that are
/// under way at the same time may be stored in either order; so it is at StackOne, and with two connections to one
/// publisher. A webhook that StackOne sends after the 200 to an earlier one is stored after it, whichever publisher takes
/// it: that 200 says that the earlier record is on its partition already.
pub(crate) struct Producer {
    /// Sends at once where linger adapts; else the only one.
    prompt: Replaceable,
    batching: Option<Batching>,
    ack_deadline: Duration,
}

/// The other publisher of two, and when it is its turn.
struct Batching {
    publisher: Replaceable,
    crowd: Mutex<Crowd>,
}

/// One record under way; no longer when dropped.
struct UnderWay<'a>(&'a Batching);

impl Batching {
    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.crowd().left(Instant::now());
    }
}

impl Producer {
    pub(crate) fn new(
        kafka: &KafkaConfig,
        ack_deadline: Duration,
        linger: Linger,
    ) -> Result<Self, StartError> {
        let made = |kafka, linger| Replaceable::new(kafka, ack_deadline, linger);
        let (prompt, batching) = match linger {
            Linger::Fixed(linger) => (made(kafka.clone(), linger)?, None),
            Linger::Adaptive => {
                let batching = Batching {
                    publisher: made(halved(kafka), BATCHING_LINGER)?,
                    crowd: Mutex::new(Crowd::new(Instant::now())),
                };
                (made(halved(kafka), Duration::ZERO)?, Some(batching))
            }
        };
        Ok(Self {
            prompt,
            batching,
            ack_deadline,
        })
    }

    /// Publishes a record; see [`stackone_link_transport::Publisher::publish`].
    pub(crate) async fn publish(
        &self,
        record: &OutgoingRecord<'_>,
    ) -> Result<Stored, PublishError> {
        let Some(batching) = &self.batching else {
            return self.prompt.publish(record).await;
        };
        let batches = batching.crowd().joined(Instant::now());
        let _under_way = UnderWay(batching);
        let publisher = if batches {
            &batching.publisher
        } else {
            &self.prompt
        };
        publisher.publish(record).await
    }

    /// Every publisher, for the watchdog.
    pub(crate) fn publishers(&self) -> impl Iterator<Item = &Replaceable> {
        let batching = self.batching.as_ref().map(|batching| &batching.publisher);
        std::iter::once(&self.prompt).chain(batching)
    }

    /// How long the next record would wait for others.
    pub(crate) fn linger(&self) -> Duration {
        match &self.batching {
            Some(batching) if batching.crowd().is_batching(Instant::now()) => {
                batching.publisher.linger()
            }
            Some(_) | None => self.prompt.linger(),
        }
    }

    /// Whether no rebuild has been under way for so long that only a restart can help.
    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        self.publishers().all(|publisher| publisher.is_alive(now))
    }

    /// Which of `topics` the cluster does not have. Every publisher asks, since each learns of topics by asking. Blocks
    /// for up to `timeout` for each.
    pub(crate) fn missing_topics(
        &self,
        topics: &[&str],
        timeout: Duration,
    ) -> Result<Vec<String>, AskError> {
        let mut missing = BTreeSet::new();
        for publisher in self.publishers() {
            missing.extend(publisher.missing_topics(topics, timeout)?);
        }
        Ok(missing.into_iter().collect())
    }

    /// Records Kafka has not answered for.
    pub(crate) fn queued_records(&self) -> usize {
        self.publishers().map(Replaceable::queued_records).sum()
    }

    /// Waits until Kafka has answered for every record. Blocks for up to the ack deadline.
    pub(crate) fn flush(&self) -> Result<(), PublishError> {
        let deadline = Instant::now() + self.ack_deadline;
        let left = || deadline.saturating_duration_since(Instant::now());
        let flushed: Vec<_> = self.publishers().map(|each| each.flush(left())).collect();
        flushed.into_iter().collect()
    }
}

/// The settings of one publisher of two.
fn halved(kafka: &KafkaConfig) -> KafkaConfig {
    let mut kafka = kafka.clone();
    for (name, default) in QUEUE_LIMITS {
        let configured = kafka.properties.get(name).map(|value| value.parse::<u64>());
        // What is no number is left for librdkafka to refuse, in its words.
        if let Ok(limit) = configured.unwrap_or(Ok(default)) {
            let half = (limit / 2).max(1).to_string();
            kafka.properties.insert(name.to_owned(), half);
        }
    }
    kafka
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_publishers_share_what_may_be_queued() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        let limit = |kafka: &KafkaConfig, name: &str| halved(kafka).properties[name].clone();
        assert_eq!(limit(&kafka, "queue.buffering.max.messages"), "50000");
        assert_eq!(limit(&kafka, "queue.buffering.max.kbytes"), "524288");
        let name = "queue.buffering.max.messages";
        for (configured, half) in [("7", "3"), ("1", "1"), ("many", "many")] {
            let property = (name.to_owned(), configured.to_owned());
            kafka.properties.extend([property]);
            assert_eq!(limit(&kafka, name), half);
        }
    }
}
