//! The settings of the transactional producer, and which of its records were not delivered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientContext, Message};
use stackone_link_transport::{
    ANSWER_TIMEOUT, ClientSettings, ConfigError, DEFAULT_ANSWER_TIMEOUT, KafkaConfig,
};
use stackone_link_wire::DEAD_LETTER_BYTES;

/// After how long an idle connection is closed, in ms. A call that waits for a coordinator asks
/// again who it is only where a connection of the client opens or closes
/// (`rd_kafka_coord_rkb_monitor_cb` of librdkafka 2.12). A connection that is closed after 10 s
/// without a request wakes it. So it waits some 10 s longer than the cluster needs for another
/// coordinator, and not until the failed broker is back.
const IDLE_MS: &str = "10000";

/// Remembers which records of a transaction were not delivered.
#[derive(Clone, Default)]
pub(super) struct Deliveries(Arc<Mutex<Undelivered>>);

#[derive(Default)]
struct Undelivered {
    /// The error of the first. Taken when it is reported.
    first: Option<KafkaError>,
    /// The partitions that should have taken them.
    partitions: BTreeSet<(String, i32)>,
}

impl Deliveries {
    /// Begins a transaction: forgets the last one.
    pub(super) fn begin(&self) {
        *self.undelivered() = Undelivered::default();
    }

    /// Returns the error of the first record that was not delivered, once.
    pub(super) fn take_first(&self) -> Option<KafkaError> {
        self.undelivered().first.take()
    }

    /// Returns the partitions of `topic` that should have taken a record of this transaction or of
    /// the last, and did not.
    pub(super) fn without(&self, topic: &str) -> Vec<i32> {
        let undelivered = self.undelivered();
        let of_topic = undelivered.partitions.iter().filter(|(of, _)| of == topic);
        of_topic.map(|(_, partition)| *partition).collect()
    }

    fn undelivered(&self) -> MutexGuard<'_, Undelivered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        // An error that matters fails a transaction, whose caller logs it.
        tracing::debug!(%error, reason, "producer");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let (topic, partition) = (message.topic(), message.partition());
            tracing::debug!(topic, partition, %error, "record of a transaction was not delivered");
            let mut undelivered = self.undelivered();
            if undelivered.partitions.is_empty() {
                tracing::warn!(topic, partition, %error, "a transaction has a record that was not delivered");
                undelivered.first = Some(error.clone());
            }
            undelivered.partitions.insert((topic.to_owned(), partition));
        }
    }
}

pub(super) fn producer_config(
    kafka: &KafkaConfig,
    transactional_id: &str,
    timeout: Duration,
) -> Result<ClientSettings, ConfigError> {
    let mut config = kafka.client_config(transactional_id)?;
    let millis = timeout.as_millis().to_string();
    config
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", &millis)
        .set("message.timeout.ms", &millis)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random");
    if !kafka.properties.contains_key(ANSWER_TIMEOUT) {
        // The answer has to come while the transaction is open, or the client refuses its settings.
        let within = timeout.saturating_sub(Duration::from_millis(100));
        let within = within.as_millis().min(DEFAULT_ANSWER_TIMEOUT.into());
        config.set(ANSWER_TIMEOUT, within.to_string());
    }
    // A flush completes a batch, so there is nothing to wait for. A dead letter is larger than its
    // original. States are alike, and each restore reads all of them, so they are compressed.
    let largest = DEAD_LETTER_BYTES.to_string();
    for (name, value) in [
        ("linger.ms", "0"),
        ("message.max.bytes", largest.as_str()),
        ("compression.type", "lz4"),
        ("connections.max.idle.ms", IDLE_MS),
    ] {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_waited_for_less_long_than_a_transaction_takes() {
        let mut kafka = KafkaConfig::plaintext("broker:9092");
        let waits = |kafka: &KafkaConfig, seconds| {
            let config = producer_config(kafka, "id", Duration::from_secs(seconds)).unwrap();
            config.get("socket.timeout.ms").map(str::to_owned)
        };
        for (transaction, answer) in [(1, "900"), (10, "9900"), (60, "15000")] {
            assert_eq!(waits(&kafka, transaction).as_deref(), Some(answer));
        }
        let configured = [("socket.timeout.ms".to_owned(), "7000".to_owned())];
        kafka.properties.extend(configured);
        assert_eq!(waits(&kafka, 60).as_deref(), Some("7000"));
    }
}
