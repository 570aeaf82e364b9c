//! Dead letters made by the test, numbered.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Pipeline, ReadRecord};
use jiff::Timestamp;
use stackone_link_schemas::{CloudEvent, DeadLetterReason};
use stackone_link_transport::Publisher;
use stackone_link_wire::{DeadLetterHeaders, IngestHeaders, OutgoingRecord, RecordHeaders, Topic};

/// A dead letter.
pub(crate) struct Letter {
    pub(crate) account: &'static str,
    pub(crate) reason: DeadLetterReason,
    pub(crate) expired: bool,
}

impl Letter {
    pub(crate) const fn of(account: &'static str, reason: DeadLetterReason) -> Self {
        Self {
            account,
            reason,
            expired: false,
        }
    }
}

/// Puts a letter on the dead-letter topic, as a processor does.
pub(crate) async fn put_aside(pipeline: &Pipeline, number: usize, letter: &Letter) {
    let kafka = pipeline.broker.kafka_config();
    let publisher = Publisher::new(&kafka, "test", Duration::from_secs(30)).unwrap();
    publish(&publisher, pipeline, number, letter).await;
}

/// Many of the same kind, of ten accounts in turn.
#[cfg(feature = "container")]
pub(crate) async fn put_many_aside(pipeline: &Pipeline, count: usize) {
    let accounts = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let kafka = pipeline.broker.kafka_config();
    let publisher = Publisher::new(&kafka, "test", Duration::from_secs(30)).unwrap();
    for number in 0..count {
        let account = accounts[number % accounts.len()];
        let letter = Letter::of(account, DeadLetterReason::UnknownProject);
        publish(&publisher, pipeline, number, &letter).await;
    }
}

async fn publish(publisher: &Publisher, pipeline: &Pipeline, number: usize, letter: &Letter) {
    let now = Timestamp::now();
    let event = CloudEvent {
        id: uuid::Uuid::from_u128(number as u128),
        event_type: "account.updated".to_owned(),
        source: "/stackone/test".to_owned(),
        subject: Some(letter.account.to_owned()),
        time: Some(now),
        dataschema: None,
    };
    let dead_letter = DeadLetterHeaders {
        reason: letter.reason.clone(),
        detail: "a test's".to_owned(),
        attempts: 3,
        topic: pipeline.topics.name(Topic::AccountEvents).to_owned(),
        partition: 0,
        offset: 0,
        first_seen: now,
        last_seen: now,
        value_expired: letter.expired,
    };
    let headers = RecordHeaders {
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        ingest: Some(IngestHeaders {
            source: "default".to_owned(),
            received_at: now,
        }),
        dead_letter: Some(dead_letter),
        ..RecordHeaders::of(event)
    };
    let value = format!("{number} \u{fffd} not even JSON");
    let record = OutgoingRecord {
        topic: pipeline.topics.name(Topic::DeadLetter),
        key: Some(letter.account),
        value: value.as_bytes(),
        headers,
    };
    publisher.publish(&record).await.unwrap();
}

/// The numbers of the letters that were put back, as they came; each was put back once.
pub(crate) fn numbers(events: &[ReadRecord]) -> Vec<usize> {
    let number = |event: &ReadRecord| {
        let redrive = event.headers.redrive.as_ref().unwrap();
        assert_eq!(redrive.redrives, 1, "{event:?}");
        usize::try_from(event.headers.event.id.as_u128()).unwrap()
    };
    events.iter().map(number).collect()
}

/// Every letter from 0 to `count` came back once, and those of an account in their order.
pub(crate) fn assert_once_in_order(events: &[ReadRecord], count: usize) {
    let mut all = numbers(events);
    let mut of_account: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (event, number) in events.iter().zip(&all) {
        of_account
            .entry(event.key.as_deref())
            .or_default()
            .push(*number);
    }
    for (account, numbers) in of_account {
        assert!(numbers.is_sorted(), "{account:?}: {numbers:?}");
    }
    all.sort_unstable();
    assert_eq!(all, (0..count).collect::<Vec<_>>());
}
