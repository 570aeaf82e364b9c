//! Publishes records and reports what became of each. The caller decides topic, key and retries.

mod delivery;
mod leftovers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig};
use stackone_link_wire::OutgoingRecord;
use tokio::sync::oneshot;

pub use delivery::Stored;
use delivery::{Delivery, Reported, Reporting};
use leftovers::Leftovers;

use crate::{AskError, ClientSettings, ConfigError, Contact, KafkaConfig, encode_headers};

/// How much sooner than the caller's deadline librdkafka gives a record up, so that its answer is
/// in time.
const MARGIN: Duration = Duration::from_millis(500);

/// An idempotent producer that reports the result of each record.
pub struct Publisher {
    // Before the producer, which is so dropped by whoever drops the publisher.
    _leftovers: Leftovers,
    producer: Arc<Reported>,
    /// The reports of its client. They are not logged here: librdkafka's log has the same, and once
    /// in a while instead of 40 times a second.
    contact: Contact,
}

/// The cluster as a publisher sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherStatus {
    /// The requested topics that do not exist, or that the client has no right to see.
    pub missing_topics: Vec<String>,
}

/// Why a record is not known to be stored; each variant says what a caller can do.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The client's queue is full, and nothing was sent. Try again.
    #[error("producer queue is full")]
    QueueFull,
    /// The record, or the batch that it was in, is larger than client or broker allow. Trying again
    /// helps only where others were in the batch.
    #[error("record is too large for the broker")]
    TooLarge(#[source] KafkaError),
    /// No acknowledgement came in time, or the broker cannot store the record now. It may be
    /// stored; try again.
    #[error("broker did not acknowledge the record")]
    NotAcknowledged(#[source] KafkaError),
    /// The topic does not exist, the client may not write to it, or it is set up so that it does
    /// not take the record. Try again once that is mended.
    #[error("topic cannot be written")]
    Topic(#[source] KafkaError),
    /// The client is unusable and has to be made anew. The record may be stored.
    #[error("producer failed for good")]
    Fatal(#[source] KafkaError),
}

/// Why a publisher cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting of our own cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// librdkafka refused the properties.
    #[error("kafka client: {0}")]
    Client(#[from] KafkaError),
    /// The system has no thread left for its reports.
    #[error("no thread for reports of the kafka client: {0}")]
    Thread(#[from] io::Error),
}

impl Publisher {
    /// Makes the producer, which connects in the background: an unreachable broker is no error
    /// here.
    ///
    /// A record that no broker has acknowledged 500 ms before `ack_deadline` is given up.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used.
    pub fn new(
        kafka: &KafkaConfig,
        client_id: &str,
        ack_deadline: Duration,
    ) -> Result<Self, StartError> {
        let mut config = kafka.client_config(client_id)?;
        set_default(&mut config, "linger.ms", "0");
        set_default(&mut config, "compression.type", "lz4");
        set_default(&mut config, "queue.buffering.max.messages", "100000");
        let message_timeout = ack_deadline.saturating_sub(MARGIN).as_millis().max(1);
        // How long a missing topic may still appear. With the default of 30 s every record would
        // time out first, and nobody would learn that its topic is missing.
        let propagation = (message_timeout / 4).to_string();
        set_default(
            &mut config,
            "topic.metadata.propagation.max.ms",
            &propagation,
        );
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        config.set("partitioner", "murmur2_random");
        config.set("message.timeout.ms", message_timeout.to_string());
        let contact = Contact::of(kafka);
        let producer = config.create_with_context(Reporting::new(contact.clone()))?;
        let producer = Arc::new(producer);
        Ok(Self {
            _leftovers: Leftovers::of(&producer)?,
            producer,
            contact,
        })
    }

    /// Publishes a record to the partition that its key belongs to. Waits until the broker has it,
    /// or until nobody can know whether it has.
    ///
    /// # Errors
    ///
    /// [`PublishError`] has a variant for each action that a caller can take.
    pub async fn publish(&self, record: &OutgoingRecord<'_>) -> Result<Stored, PublishError> {
        self.send(record, None).await
    }

    /// Publishes a record as [`Self::publish`] does, to the given partition.
    ///
    /// # Errors
    ///
    /// [`PublishError`] has a variant for each action that a caller can take.
    pub async fn publish_to(
        &self,
        record: &OutgoingRecord<'_>,
        partition: i32,
    ) -> Result<Stored, PublishError> {
        self.send(record, Some(partition)).await
    }

    async fn send(
        &self,
        record: &OutgoingRecord<'_>,
        partition: Option<i32>,
    ) -> Result<Stored, PublishError> {
        let (waiting, report) = oneshot::channel();
        let mut message =
            BaseRecord::<str, [u8], _>::with_opaque_to(record.topic, Box::new(waiting))
                .payload(record.value)
                .headers(encode_headers(&record.headers));
        message.key = record.key;
        message.partition = partition;
        let sent = self.producer.send(message);
        sent.map_err(|(error, _)| PublishError::from(error))?;
        match Delivery::new(&self.producer, report).await {
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(error)) => Err(self.sorted(error)),
            Err(_dropped) => Err(PublishError::NotAcknowledged(KafkaError::Canceled)),
        }
    }

    fn sorted(&self, error: KafkaError) -> PublishError {
        if self.producer.client().fatal_error().is_some() {
            return PublishError::Fatal(error);
        }
        PublishError::from(error)
    }

    /// Asks the cluster which of `topics` exist. Blocks for up to `timeout`.
    ///
    /// # Errors
    ///
    /// Fails where no broker answers in time.
    pub fn status(&self, topics: &[&str], timeout: Duration) -> Result<PublisherStatus, AskError> {
        let client = self.producer.client();
        let asked = client.fetch_metadata(None, timeout);
        // An answer is the end of trouble that was told before it.
        self.producer.poll_reports();
        let metadata = asked.map_err(|error| self.contact.explain(error))?;
        self.contact.is_made();
        let exists = |name: &str| {
            metadata
                .topics()
                .iter()
                .any(|topic| topic.name() == name && topic.error().is_none())
        };
        let missing = topics
            .iter()
            .filter(|name| !exists(name))
            .map(|name| (*name).to_owned());
        Ok(PublisherStatus {
            missing_topics: missing.collect(),
        })
    }

    /// Gives up every record that is not acknowledged yet. Each is reported as not acknowledged at
    /// once; the broker may have it.
    pub fn abandon(&self) {
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
    }

    /// Returns how many records have no result yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Waits until every record has a result. Blocks for up to `timeout`.
    ///
    /// # Errors
    ///
    /// Fails where records are left when the time is up.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.producer.flush(timeout)
    }
}

fn set_default(config: &mut ClientSettings, name: &str, value: &str) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}

impl From<KafkaError> for PublishError {
    fn from(error: KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Self::QueueFull,
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                // Larger than a segment of the topic.
                | RDKafkaErrorCode::MessageBatchTooLarge,
            ) => Self::TooLarge(error),
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::UnknownPartition
                // A compacted topic and no key; a limit of timestamps; a codec that the topic's
                // brokers do not know; a rule of the cluster's own.
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::InvalidTimestamp
                | RDKafkaErrorCode::UnsupportedCompressionType
                | RDKafkaErrorCode::PolicyViolation,
            ) => Self::Topic(error),
            Some(RDKafkaErrorCode::Fatal) => Self::Fatal(error),
            _ => Self::NotAcknowledged(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::swap;
    use std::task::{Context, Wake, Waker};
    use std::thread;
    use std::time::Instant;

    use stackone_link_schemas::CloudEvent;
    use stackone_link_wire::RecordHeaders;

    use super::*;
    use crate::tasks;

    const DEADLINE: Duration = Duration::from_secs(30);

    /// One whose broker is never there.
    fn publisher() -> Publisher {
        Publisher::new(&KafkaConfig::plaintext("127.0.0.1:1"), "test", DEADLINE).unwrap()
    }

    fn record() -> OutgoingRecord<'static> {
        OutgoingRecord {
            topic: "topic",
            key: None,
            value: b"a record",
            headers: RecordHeaders::of(CloudEvent {
                id: stackone_link_schemas::event_id_of_body(b"a record"),
                event_type: "test".to_owned(),
                source: "/test".to_owned(),
                subject: None,
                time: None,
                dataschema: None,
            }),
        }
    }

    /// Panics on the thread that takes what nobody waits for.
    struct PanicsThere;

    impl Wake for PanicsThere {
        fn wake(self: Arc<Self>) {
            let here = thread::current();
            assert_ne!(here.name(), Some(tasks::REPORTS.as_str()), "on purpose");
        }
    }

    /// Gives up all records, and waits until their reports are taken.
    fn abandons(publisher: &Publisher) {
        assert!(publisher.in_flight() > 0);
        publisher.abandon();
        let until = Instant::now() + DEADLINE;
        while publisher.in_flight() > 0 {
            assert!(Instant::now() < until, "they were not taken");
            thread::yield_now();
        }
    }

    #[test]
    fn reports_that_nobody_waits_for_are_taken_all_the_same_even_after_a_panic() {
        let (publisher, record) = (publisher(), record());
        let is_sent = |waker| {
            let mut published = Box::pin(publisher.publish(&record));
            let polled = published.as_mut().poll(&mut Context::from_waker(waker));
            assert!(polled.is_pending());
            published
        };
        let panics = Waker::from(Arc::new(PanicsThere));
        let published = is_sent(&panics);
        abandons(&publisher);
        drop(published);
        drop(is_sent(Waker::noop()));
        abandons(&publisher);
    }

    #[test]
    fn who_asks_learns_what_the_client_has_told_until_then() {
        let (mut publisher, mut other) = (publisher(), publisher());
        swap(&mut publisher._leftovers, &mut other._leftovers);
        // And with it the thread that would take what this one tells.
        drop(other);
        let until = Instant::now() + DEADLINE;
        let refused = || {
            let asked = publisher.status(&[], Duration::from_millis(10));
            asked.is_err_and(|error| error.to_string().contains("Connection refused"))
        };
        while !refused() {
            assert!(Instant::now() < until, "it was not heard");
        }
    }

    #[test]
    fn errors_are_sorted_by_what_the_caller_will_do() {
        let sorted = |code| PublishError::from(KafkaError::MessageProduction(code));
        assert!(matches!(
            sorted(RDKafkaErrorCode::QueueFull),
            PublishError::QueueFull
        ));
        assert!(matches!(
            sorted(RDKafkaErrorCode::MessageSizeTooLarge),
            PublishError::TooLarge(_)
        ));
        assert!(matches!(
            sorted(RDKafkaErrorCode::TopicAuthorizationFailed),
            PublishError::Topic(_)
        ));
        assert!(matches!(
            sorted(RDKafkaErrorCode::MessageTimedOut),
            PublishError::NotAcknowledged(_)
        ));
        assert!(matches!(
            sorted(RDKafkaErrorCode::NotEnoughReplicas),
            PublishError::NotAcknowledged(_)
        ));
        assert!(matches!(
            sorted(RDKafkaErrorCode::Fatal),
            PublishError::Fatal(_)
        ));
    }
}
