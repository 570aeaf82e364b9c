//! The transactional producer's settings, and what became of its records.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientConfig, ClientContext, Message};
use stackone_link_transport::{ConfigError, KafkaConfig};

/// Remembers the first record of a transaction that was not delivered.
#[derive(Clone, Default)]
pub(super) struct Deliveries(Arc<Mutex<Option<KafkaError>>>);

impl Deliveries {
    /// The first record that was not delivered, if one was not.
    pub(super) fn failed(&self) -> MutexGuard<'_, Option<KafkaError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        // What matters of these fails a transaction, which is told.
        tracing::debug!(%error, reason, "producer");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let topic = message.topic();
            tracing::debug!(topic, %error, "record of a transaction was not delivered");
            self.failed().get_or_insert_with(|| {
                tracing::warn!(topic, %error, "a transaction has a record that was not delivered");
                error.clone()
            });
        }
    }
}

pub(super) fn producer_config(
    kafka: &KafkaConfig,
    transactional_id: &str,
    timeout: Duration,
) -> Result<ClientConfig, ConfigError> {
    let mut config = kafka.client_config(transactional_id)?;
    let millis = timeout.as_millis().to_string();
    config
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", &millis)
        .set("message.timeout.ms", &millis)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random");
    // A batch is complete when it is flushed, nobody comes later; a dead letter is larger than its original; and states
    // are alike, and all of them are read again by each restore.
    for (name, value) in [
        ("linger.ms", "0"),
        ("message.max.bytes", "2097152"),
        ("compression.type", "lz4"),
    ] {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    Ok(config)
}
