//! The one place that owns the publisher, which can be replaced while requests use it.

mod alone;
mod liveness;
mod progress;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use stackone_link_process::spawn::spawn_thread;
use stackone_link_transport::{
    AskError, KafkaConfig, PublishError, Publisher, Renewal, StartError, Stored,
};
use stackone_link_wire::OutgoingRecord;
use tokio::sync::oneshot;

use crate::tasks::{REBUILD, RETIRE};
use alone::Alone;
use liveness::Liveness;
use progress::Progress;

pub(crate) use progress::Seen;

/// `client.id` towards Kafka.
const CLIENT_ID: &str = "stackone-ingest";
/// The property of compression, and its other name.
const COMPRESSION: [&str; 2] = ["compression.type", "compression.codec"];
/// How often a publisher that was replaced is looked at, whether its last request has let go of it.
const RETIRE_PAUSE: Duration = Duration::from_millis(50);

/// Publishes records: a publisher, what can be told of its progress, and how another is made.
pub(crate) struct Producer {
    kafka: KafkaConfig,
    ack_deadline: Duration,
    current: ArcSwap<Generation>,
    progress: Progress,
    liveness: Liveness,
}

/// One publisher, and whether it has failed for good.
struct Generation {
    publisher: Publisher,
    /// For what was refused with its batch.
    alone: Alone,
    failed: AtomicBool,
}

/// What becomes of the records that a publisher has not been answered for when it is replaced.
enum Waiting {
    /// Each is given up at once, as not acknowledged.
    GivenUp,
    /// Each is waited for, so long.
    Finished(Duration),
}

/// Why a publisher was not replaced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("no thread to make it on: {0}")]
    Thread(#[from] io::Error),
    #[error("the thread that made it died")]
    Died(#[from] oneshot::error::RecvError),
}

impl Generation {
    fn new(publisher: Publisher) -> Arc<Self> {
        Arc::new(Self {
            publisher,
            alone: Alone::default(),
            failed: AtomicBool::new(false),
        })
    }
}

impl Producer {
    /// `linger` is how long records wait for others before they are sent.
    pub(crate) fn new(
        mut kafka: KafkaConfig,
        ack_deadline: Duration,
        linger: Duration,
    ) -> Result<Self, StartError> {
        let millis = (linger.as_secs_f64() * 1000.0).to_string();
        kafka.properties.insert("linger.ms".to_owned(), millis);
        set_compression(&mut kafka, linger);
        let publisher = Publisher::new(&kafka, CLIENT_ID, ack_deadline)?;
        Ok(Self {
            kafka,
            ack_deadline,
            current: ArcSwap::new(Generation::new(publisher)),
            progress: Progress::default(),
            liveness: Liveness::default(),
        })
    }

    /// Publishes a record; see [`Publisher::publish`]. One that is too large is so on its own, and
    /// not only together with others.
    pub(crate) async fn publish(
        &self,
        record: &OutgoingRecord<'_>,
    ) -> Result<Stored, PublishError> {
        let generation = self.current.load_full();
        let attempt = self.progress.attempt();
        let mut result = generation.publisher.publish(record).await;
        if let Err(PublishError::TooLarge(refused)) = result {
            let alone = &generation.alone;
            let again = alone.publish(&self.kafka, CLIENT_ID, self.ack_deadline, record);
            // In a box, so that no other record has room for it.
            let again = Box::pin(again).await;
            result = again.unwrap_or(Err(PublishError::NotAcknowledged(refused)));
        }
        match &result {
            // A broker that refuses is one that answers: another producer would be told the same.
            Ok(_) | Err(PublishError::TooLarge(_) | PublishError::Topic(_)) => attempt.told(),
            Err(PublishError::Fatal(_)) => generation.failed.store(true, Ordering::Relaxed),
            Err(PublishError::QueueFull | PublishError::NotAcknowledged(_)) => {}
        }
        result
    }

    /// The counters that the watchdog compares with those of its last look.
    pub(crate) fn seen(&self) -> Seen {
        self.progress
            .seen(self.current.load().failed.load(Ordering::Relaxed))
    }

    /// Puts a new publisher in the place of the current one. What waits for the current one is
    /// answered 503 at once.
    pub(crate) async fn rebuild(&self) -> Result<(), RebuildError> {
        let _under_way = self.liveness.rebuilding(Instant::now());
        let (kafka, ack_deadline) = (self.kafka.clone(), self.ack_deadline);
        let (done, made) = oneshot::channel();
        // Not a thread of the runtime: if this never returns, the process can still end.
        let make = move || done.send(Publisher::new(&kafka, CLIENT_ID, ack_deadline));
        drop(spawn_thread(REBUILD, make)?);
        let new = Generation::new(made.await??);
        Ok(retire(self.current.swap(new), Waiting::GivenUp)?)
    }

    /// When a publisher with other certificates is due.
    pub(crate) fn renewal(&self) -> Renewal {
        Renewal::of(&self.kafka)
    }

    /// Puts a new publisher in the place of the current one, which finishes what it has. Blocks
    /// some milliseconds.
    pub(crate) fn replace(&self) -> Result<(), RebuildError> {
        let new = Publisher::new(&self.kafka, CLIENT_ID, self.ack_deadline)?;
        let old = self.current.swap(Generation::new(new));
        Ok(retire(old, Waiting::Finished(self.ack_deadline))?)
    }

    /// Whether no rebuild has been under way for so long that only a restart can help.
    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        self.liveness.is_alive(now)
    }

    /// Which of `topics` the cluster does not have. Blocks for up to `timeout`.
    pub(crate) fn missing_topics(
        &self,
        topics: &[&str],
        timeout: Duration,
    ) -> Result<Vec<String>, AskError> {
        let status = self.current.load_full().publisher.status(topics, timeout)?;
        Ok(status.missing_topics)
    }

    /// Records Kafka has not answered for.
    pub(crate) fn queued_records(&self) -> usize {
        let current = self.current.load();
        current.publisher.in_flight() + current.alone.in_flight()
    }

    /// Waits until Kafka has answered for every record. Blocks for up to the ack deadline.
    pub(crate) fn flush(&self) -> Result<(), PublishError> {
        let generation = self.current.load_full();
        let flushed = generation.publisher.flush(self.ack_deadline);
        flushed.map_err(PublishError::from)
    }
}

/// Compresses what waits for others, and nothing else, where nothing is configured. librdkafka
/// makes a compressor with its buffers for each request to the broker; one that does not wait has a
/// record or two of one partition, in which little repeats.
fn set_compression(kafka: &mut KafkaConfig, linger: Duration) {
    let is_configured = |name| kafka.properties.contains_key(name);
    if !COMPRESSION.into_iter().any(is_configured) {
        let compression = if linger.is_zero() { "none" } else { "lz4" };
        let property = (COMPRESSION[0].to_owned(), compression.to_owned());
        kafka.properties.extend([property]);
    }
}

/// Drops a publisher on a thread of its own, after the last request has let go of it: its
/// destructor waits for librdkafka's threads, and must never do so where requests are served.
fn retire(mut old: Arc<Generation>, waiting: Waiting) -> io::Result<()> {
    let retire = move || {
        match waiting {
            Waiting::GivenUp => old.publisher.abandon(),
            // Those whose request is gone as well. Each ends by its deadline, acknowledged or not.
            Waiting::Finished(within) => drop(old.publisher.flush(within)),
        }
        loop {
            match Arc::try_unwrap(old) {
                Ok(last) => return drop(last),
                Err(in_use) => old = in_use,
            }
            thread::sleep(RETIRE_PAUSE);
        }
    };
    spawn_thread(RETIRE, retire).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_is_compressed_unless_it_is_configured() {
        let set = |configured: Option<(&str, &str)>, linger| {
            let mut kafka = KafkaConfig::plaintext("broker:9092");
            let configured = configured.map(|(name, value)| (name.to_owned(), value.to_owned()));
            kafka.properties.extend(configured);
            set_compression(&mut kafka, linger);
            let set: Vec<_> = kafka.properties.into_iter().collect();
            set
        };
        let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let millisecond = Duration::from_millis(1);
        assert_eq!(set(None, Duration::ZERO), one("compression.type", "none"));
        assert_eq!(set(None, millisecond), one("compression.type", "lz4"));
        for name in COMPRESSION {
            for linger in [Duration::ZERO, millisecond] {
                assert_eq!(set(Some((name, "zstd")), linger), one(name, "zstd"));
            }
        }
    }
}
