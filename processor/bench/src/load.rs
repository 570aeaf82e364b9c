//! Publishes webhooks of accounts, as ingest does.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::json;
use stackone_link_schemas::{CloudEvent, event_id_of_body, source_of_project};
use stackone_link_transport::{Live, encode_headers};
use stackone_link_wire::{IngestHeaders, RecordHeaders, Topic};

use crate::broker::Place;

pub(crate) const PROJECT: &str = "acmeinc-27270";

/// Returns the id of the account with this number, as long as one of StackOne's.
pub(crate) fn account_id(number: u32) -> String {
    // A multiplicative hash makes neighbours differ.
    let scattered = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("b{scattered:016x}{:04x}", number % 0xffff)
}

/// Publishes webhooks.
pub(crate) struct Webhooks {
    producer: Live<BaseProducer>,
    topic: String,
}

impl Webhooks {
    pub(crate) fn new(place: &Place) -> anyhow::Result<Self> {
        let mut config = place.kafka.client_config("bench-webhooks")?;
        config.set("partitioner", "murmur2_random");
        // An idempotent producer asks for its id only every half second, which would be measured,
        // too.
        config.set("acks", "all");
        config.set("linger.ms", "0");
        config.set("compression.type", "lz4");
        config.set("queue.buffering.max.messages", "1000000");
        let producer: Live<BaseProducer> = config.create()?;
        let topic = place.topics.name(Topic::AccountEvents).to_owned();
        // The connection is made before any clock starts.
        let within = Duration::from_secs(10);
        producer.client().fetch_metadata(Some(&topic), within)?;
        Ok(Self { producer, topic })
    }

    /// Queues a webhook of an account with this `event_date`. [`Self::flush`] waits for its
    /// acknowledgement.
    pub(crate) fn send(&self, account: &str, event_date: Timestamp) -> anyhow::Result<()> {
        let event = "account.updated";
        let body = json!({
            "project_id": PROJECT,
            "account_id": account,
            "event": event,
            "event_date": event_date,
            "record_type": "account",
            "record_id": account,
            "sent_at": event_date,
            "provider": "bamboohr",
            "origin_owner_id": "tenant_8f41c2",
            "origin_owner_name": "Acme Manufacturing Ltd",
            "origin_username": "dana@acme.example",
            "setup_information": { "domain": "acmemfg" },
        })
        .to_string();
        let headers = RecordHeaders {
            ingest: Some(IngestHeaders {
                source: "default".to_owned(),
                received_at: Timestamp::now(),
            }),
            ..RecordHeaders::of(CloudEvent {
                id: event_id_of_body(body.as_bytes()),
                event_type: event.to_owned(),
                source: source_of_project(Some(PROJECT)),
                subject: Some(account.to_owned()),
                time: Some(event_date),
                dataschema: None,
            })
        };
        let mut record = BaseRecord::to(&self.topic)
            .key(account)
            .payload(&body)
            .headers(encode_headers(&headers));
        loop {
            record = match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, again))
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
                {
                    self.producer.poll(Duration::from_millis(10));
                    again
                }
                Err((error, _)) => return Err(error.into()),
            };
        }
    }

    /// Sends one webhook for each account number, in this order, each dated a millisecond after the
    /// one before.
    pub(crate) fn send_all(&self, count: u32, account: impl Fn(u32) -> u32) -> anyhow::Result<()> {
        let first = Timestamp::now().as_millisecond() - i64::from(count);
        for number in 0..count {
            let date = Timestamp::from_millisecond(first + i64::from(number))?;
            self.send(&account_id(account(number)), date)?;
        }
        self.flush()
    }

    /// Waits for all acknowledgements. The client's own `flush` waits in steps of 100 ms.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Err(error) = self.producer.flush(Duration::ZERO) {
            if Instant::now() > deadline {
                return Err(error).context("webhooks are not acknowledged");
            }
            self.producer.poll(Duration::ZERO);
            std::thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }
}
