//! What the broker does to logs by itself: compaction, retention, and deleting a topic.
//!
//! A segment ends where a record is so much younger than its first one, so that the records' times
//! say where segments end, and no test waits for it.

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseRecord, Producer};

use super::clients::{Writer, config, offset_of};
use super::cluster::{Ends, View, admin, make_topic, topic};
use super::offsets::transactional;

const MINUTE_MS: i64 = 60_000;

/// Stores a record that is so many minutes old; a tombstone where it has no value.
fn store(writer: &Writer, topic: &str, age: i64, key: &str, value: Option<&str>) -> i64 {
    let now = jiff::Timestamp::now().as_millisecond();
    let record = BaseRecord::<str, str>::to(topic).partition(0).key(key);
    let record = record.timestamp(now - age * MINUTE_MS);
    writer.store_record(match value {
        Some(value) => record.payload(value),
        None => record,
    })
}

/// Waits until these are all the offsets that are left, and nothing else.
async fn left(view: &View, topic: &str, awaited: &[i64]) {
    let cleaned = eventually("the broker has cleaned up", WITHIN, async || {
        let found = view.all_offsets(topic, 0).await;
        (found == awaited).then_some(()).ok_or(format!("{found:?}"))
    });
    cleaned.await.unwrap();
}

#[tokio::test]
async fn compaction_spares_the_active_segment_and_what_an_open_transaction_holds_back() {
    let broker = Broker::start().await;
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "60000"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "0"),
    ];
    let topic = topic(&broker, "compacted", 1, &settings).await;
    let view = View::new(&broker, "");
    let (plain, open) = (
        Writer::new(broker.bootstrap_servers(), &[]),
        transactional(&broker),
    );

    for (key, value) in [
        ("a", Some("1")),
        ("b", Some("1")),
        ("a", Some("2")),
        ("b", None),
    ] {
        store(&plain, &topic, 30, key, value);
    }
    open.producer.begin_transaction().unwrap();
    assert_eq!(store(&open, &topic, 20, "aborted", Some("1")), 4);
    for (age, value) in [(20, "3"), (20, "4"), (10, "5"), (10, "6")] {
        store(&plain, &topic, age, "a", Some(value));
    }
    // The tombstone stays for now: who reads slowly has to see it.
    left(&view, &topic, &[2, 3, 4, 5, 6, 7, 8]).await;

    // Its end is younger, and begins another segment.
    open.producer.abort_transaction(WITHIN).unwrap();
    // The call returns before the marker is written.
    let is_marked = Ends {
        low: 0,
        stable: 10,
        high: 10,
    };
    view.ends_at(&topic, 0, is_marked).await;
    for value in ["1", "2"] {
        store(&plain, &topic, 0, "c", Some(value));
    }
    left(&view, &topic, &[8, 10, 11]).await;
}

#[tokio::test]
async fn retention_removes_whole_segments_and_at_last_the_active_one() {
    let broker = Broker::start().await;
    let settings = [
        ("cleanup.policy", "delete"),
        ("retention.ms", "3600000"),
        ("segment.ms", "1800000"),
    ];
    let topic = topic(&broker, "expired", 1, &settings).await;
    let view = View::new(&broker, "");
    let writer = Writer::new(broker.bootstrap_servers(), &[]);
    // Two segments, and the active one. The second ends with a record that is too old, and has one
    // that is not: it is never without it, since the broker may look between two of these.
    for age in [180, 175, 45, 65, 0] {
        store(&writer, &topic, age, "a", Some("x"));
    }
    let first_is_gone = Ends {
        low: 2,
        stable: 5,
        high: 5,
    };
    view.ends_at(&topic, 0, first_is_gone).await;
    left(&view, &topic, &[2, 3, 4]).await;

    crate::operator::configure(&broker, &topic, "retention.ms", "1").await;
    let all_are_gone = Ends {
        low: 5,
        stable: 5,
        high: 5,
    };
    view.ends_at(&topic, 0, all_are_gone).await;
    assert_eq!(writer.store(&topic, 0, "next"), 5);
}

#[tokio::test]
async fn a_topic_that_is_deleted_loses_its_committed_offsets_and_begins_at_zero_when_made_again() {
    let broker = Broker::start().await;
    let group = unique_group("deleted");
    let topic = topic(&broker, "deleted", 1, &[]).await;
    let writer = Writer::new(broker.bootstrap_servers(), &[]);
    for offset in 0..3 {
        assert_eq!(writer.store(&topic, 0, "x"), offset);
    }
    let settings = config(broker.bootstrap_servers(), &[("group.id", &group)]);
    let nobody: BaseConsumer = settings.create().unwrap();
    let offset = offset_of(&topic, 0, 2);
    nobody.commit(&offset, CommitMode::Sync).unwrap();
    let view = View::new(&broker, &group);
    assert_eq!(view.offset(&topic, 0), Ok(Some(2)));

    let deleted = admin(&broker)
        .delete_topics(&[&topic], &AdminOptions::new())
        .await;
    assert_eq!(deleted.unwrap(), [Ok(topic.clone())]);
    let is_gone = eventually("its offset is gone", WITHIN, async || {
        let offset = view.offset(&topic, 0);
        (offset == Ok(None))
            .then_some(())
            .ok_or(format!("{offset:?}"))
    });
    is_gone.await.unwrap();

    make_topic(&broker, &topic, 1, &[]).await;
    assert_eq!(view.offset(&topic, 0), Ok(None));
    let empty = Ends {
        low: 0,
        stable: 0,
        high: 0,
    };
    let anew = View::new(&broker, "");
    anew.ends_at(&topic, 0, empty).await;
    let writer = Writer::new(broker.bootstrap_servers(), &[]);
    assert_eq!(writer.store(&topic, 0, "x"), 0);
}
