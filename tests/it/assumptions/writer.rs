//! A producer that keeps what became of its records.

use std::sync::Mutex;
use std::time::Duration;

use harness::WITHIN;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::{ClientContext, Message};

use super::clients::{Settings, config};

/// Keeps what became of each record: its offset, or why it was not stored.
#[derive(Default)]
pub(crate) struct Reports {
    seen: Mutex<Vec<Result<i64, RDKafkaErrorCode>>>,
    timed_out_requests: Mutex<u64>,
}

impl ClientContext for Reports {
    fn stats(&self, statistics: Statistics) {
        let brokers = statistics.brokers.values();
        *self.timed_out_requests.lock().unwrap() = brokers.map(|broker| broker.req_timeouts).sum();
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let report = match result {
            Ok(record) => Ok(record.offset()),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap()),
        };
        self.seen.lock().unwrap().push(report);
    }
}

/// A producer that keeps what became of its records.
pub(crate) struct Writer {
    pub(crate) producer: BaseProducer<Reports>,
}

impl Writer {
    pub(crate) fn new(servers: &str, settings: Settings<'_>) -> Self {
        let config = config(servers, settings);
        let producer = config.create_with_context(Reports::default()).unwrap();
        Self { producer }
    }

    /// Queues a record; its key is `a`.
    #[cfg(feature = "container")]
    pub(crate) fn send(&self, topic: &str, partition: i32, value: &str) {
        let record = BaseRecord::to(topic).partition(partition);
        let sent = self.producer.send(record.key("a").payload(value));
        sent.map_err(|(error, _)| error).unwrap();
    }

    /// What became of the records since it was last asked.
    pub(crate) fn reports(&self) -> Vec<Result<i64, RDKafkaErrorCode>> {
        self.producer.poll(Duration::ZERO);
        std::mem::take(&mut self.producer.context().seen.lock().unwrap())
    }

    /// Stores a record, and gives its offset.
    pub(crate) fn store(&self, topic: &str, partition: i32, value: &str) -> i64 {
        let record = BaseRecord::to(topic).partition(partition);
        self.store_record(record.key("a").payload(value))
    }

    /// The same.
    pub(crate) fn store_record(&self, record: BaseRecord<'_, str, str>) -> i64 {
        let sent = self.producer.send(record);
        sent.map_err(|(error, _)| error).unwrap();
        self.producer.flush(WITHIN).unwrap();
        let reports = self.reports();
        assert_eq!(reports.len(), 1);
        reports[0].unwrap()
    }

    /// How many requests were not answered in time.
    #[cfg(feature = "container")]
    pub(crate) fn timed_out_requests(&self) -> u64 {
        self.producer.poll(Duration::ZERO);
        *self.producer.context().timed_out_requests.lock().unwrap()
    }
}
