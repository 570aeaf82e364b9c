//! The transaction coordinator: how a transaction ends, and who may end it.

use std::time::{Duration, Instant};

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer;

use super::clients::Writer;
use super::cluster::{Ends, View, admin, topic};
use super::protocol::{
    CONCURRENT_TRANSACTIONS, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, NONE, PRODUCER_FENCED,
    RawProducer,
};

/// `transaction.timeout.ms` where a test waits for it.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The level of `metadata.version` of Kafka 3.9.
pub(crate) const OF_KAFKA_3_9: i16 = 21;
/// How often the broker looks for transactions that have been open for too long.
const LOOKS_EVERY: Duration = Duration::from_secs(10);

/// So many partitions that writing the end of a transaction to all of them takes some requests'
/// time.
const PARTITIONS: i32 = 100;

/// What was seen between the answer to a commit and its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// No partition had the end.
    is_answered_first: bool,
    /// One had it, and later another had not.
    is_by_partition: bool,
    /// The next transaction was told to try again.
    is_told_to_wait: bool,
}

const ALL_SEEN: Seen = Seen {
    is_answered_first: true,
    is_by_partition: true,
    is_told_to_wait: true,
};

/// All of it takes milliseconds, so one transaction after the other is looked at until all was
/// seen.
#[tokio::test]
async fn a_commit_is_answered_before_its_end_is_written_and_that_is_done_by_partition() {
    let broker = Broker::start().await;
    let topic = topic(&broker, "by-partition", PARTITIONS, &[]).await;
    let (mut writer, mut reader) = (
        RawProducer::new(&broker).await,
        RawProducer::new(&broker).await,
    );
    let mut seen = Seen::default();
    // An end takes an offset also where the transaction has no record.
    let mut ends_before = 0;
    let all = eventually("all is seen", WITHIN, async || {
        begin(&mut writer, &topic).await;
        assert_eq!(writer.end(true), NONE);
        let is_ended = |end: &i64| *end > ends_before;
        let mut snapshot = reader.ends(&topic, PARTITIONS);
        seen.is_answered_first |= !snapshot.iter().any(is_ended);
        // The next one is told once; where it is not, it has begun, and is ended in its turn.
        let next = writer.add(&topic, 0);
        seen.is_told_to_wait |= next == CONCURRENT_TRANSACTIONS;
        assert!([NONE, CONCURRENT_TRANSACTIONS].contains(&next), "{next}");
        while !snapshot.iter().all(is_ended) {
            let was_begun = snapshot.iter().any(is_ended);
            snapshot = reader.ends(&topic, PARTITIONS);
            seen.is_by_partition |= was_begun && !snapshot.iter().all(is_ended);
            // Here the deadline may end it.
            tokio::task::yield_now().await;
        }
        ends_before += 1;
        (seen == ALL_SEEN).then_some(()).ok_or(format!("{seen:?}"))
    });
    all.await.unwrap();
}

/// Adds all partitions to the producer's transaction, once the last one has ended everywhere.
async fn begin(writer: &mut RawProducer, topic: &str) {
    let begun = eventually("a transaction begins", WITHIN, async || {
        match writer.add_all(topic, PARTITIONS) {
            NONE => Ok(()),
            error => Err(error),
        }
    });
    begun.await.unwrap();
}

/// Another producer takes the id between the answer to a commit and its end: the next transaction
/// is tried where it came too late for that.
#[tokio::test]
async fn what_was_decided_is_committed_although_another_producer_takes_the_id() {
    let broker = Broker::start().await;
    let wide = topic(&broker, "decided", PARTITIONS, &[]).await;
    let mut producer = RawProducer::new(&broker).await;
    let in_time = eventually("another came in time", WITHIN, async || {
        let offset = producer.ends(&wide, 1)[0];
        begin(&mut producer, &wide).await;
        assert_eq!(producer.produce(&wide, 0, 0), NONE);
        let mut successor = producer.successor(&broker);
        assert_eq!(producer.end(true), NONE);
        let told = successor.init();
        if told == CONCURRENT_TRANSACTIONS {
            let refused = [CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE];
            assert!(refused.contains(&producer.end(false)));
        }
        successor.registers().await;
        assert!(successor.epoch > producer.epoch);
        producer = successor;
        let records = View::new(&broker, "").records(&wide, 0).await;
        assert_eq!(records.last(), Some(&(offset, "x".to_owned())));
        (told == CONCURRENT_TRANSACTIONS).then_some(()).ok_or(told)
    });
    in_time.await.unwrap();
}

#[tokio::test]
async fn who_takes_an_id_aborts_what_was_not_decided_and_raises_the_epoch() {
    let broker = Broker::start().await;
    let topic = topic(&broker, "undecided", 1, &[]).await;
    let mut before = RawProducer::new(&broker).await;
    assert_eq!(before.add(&topic, 0), NONE);
    assert_eq!(before.produce(&topic, 0, 0), NONE);
    let mut after = before.successor(&broker);
    assert_eq!(
        after.init(),
        CONCURRENT_TRANSACTIONS,
        "it waits for the end"
    );
    after.registers().await;
    assert_eq!(after.producer, before.producer);
    assert!(after.epoch > before.epoch);
    let fenced = [INVALID_PRODUCER_EPOCH, PRODUCER_FENCED];
    assert!(fenced.contains(&before.end(true)));
    assert!(fenced.contains(&before.produce(&topic, 0, 1)));
    let view = View::new(&broker, "");
    let ended = Ends {
        low: 0,
        stable: 2,
        high: 2,
    };
    view.ends_at(&topic, 0, ended).await;
    assert_eq!(view.records(&topic, 0).await, []);
}

/// KIP-890, part 1: without it, such a record would open a transaction that nobody ends.
#[tokio::test]
async fn a_record_that_arrives_after_its_transaction_was_aborted_is_refused() {
    let broker = Broker::start().await;
    let topic = topic(&broker, "late", 1, &[]).await;
    let mut writer = RawProducer::new(&broker).await;
    assert_eq!(writer.add(&topic, 0), NONE);
    assert_eq!(writer.produce(&topic, 0, 0), NONE);
    assert_eq!(writer.end(false), NONE);
    let view = View::new(&broker, "");
    let ended = Ends {
        low: 0,
        stable: 2,
        high: 2,
    };
    view.ends_at(&topic, 0, ended).await;
    assert_eq!(writer.produce(&topic, 0, 1), INVALID_TXN_STATE);
    view.ends_at(&topic, 0, ended).await;
}

/// The time runs from the first partition: one that began earlier and added none has all of it.
#[tokio::test]
async fn a_transaction_that_times_out_is_aborted_within_ten_seconds_and_its_producer_fenced() {
    let broker = Broker::start().await;
    let looks = describe(
        &broker,
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
    );
    assert_eq!(looks.await, "10000");
    let topic = topic(&broker, "timeout", 2, &[]).await;
    let view = View::new(&broker, "");
    let (ids, millis) = (
        [0, 1].map(|_| unique_group("timeout")),
        TIMEOUT.as_millis().to_string(),
    );
    let [early, open] = ids.map(|id| {
        let settings = [
            ("transactional.id", &*id),
            ("transaction.timeout.ms", &*millis),
        ];
        let writer = Writer::new(broker.bootstrap_servers(), &settings);
        writer.producer.init_transactions(WITHIN).unwrap();
        writer.producer.begin_transaction().unwrap();
        writer
    });
    let began = Instant::now();
    assert_eq!(open.store(&topic, 0, "aborted"), 0);
    let ended = Ends {
        low: 0,
        stable: 2,
        high: 2,
    };
    view.ends_at(&topic, 0, ended).await;
    let within = TIMEOUT..TIMEOUT + 2 * LOOKS_EVERY;
    assert!(within.contains(&began.elapsed()), "{:?}", began.elapsed());

    assert_eq!(early.store(&topic, 1, "committed"), 0);
    early.producer.commit_transaction(WITHIN).unwrap();
    let error = open.producer.commit_transaction(WITHIN).unwrap_err();
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Fenced));
    view.ends_at(&topic, 1, ended).await;
    assert_eq!(view.records(&topic, 0).await, []);
}

/// So that whatever is tested on such a broker (KIP-890, from Kafka 4.0 on) is tested with it.
#[tokio::test]
async fn a_broker_that_has_the_second_version_of_transactions_has_it_switched_on() {
    let broker = Broker::start().await;
    let mut producer = RawProducer::new(&broker).await;
    let expected = if producer.level("metadata.version") > OF_KAFKA_3_9 {
        2
    } else {
        0
    };
    assert_eq!(producer.level("transaction.version"), expected);
}

/// One of the broker's settings.
async fn describe(broker: &Broker, name: &str) -> String {
    let resource = ResourceSpecifier::Broker(1);
    let described = admin(broker)
        .describe_configs([&resource], &AdminOptions::new())
        .await
        .unwrap();
    let resource = described[0].as_ref().unwrap();
    resource.get(name).unwrap().value.clone().unwrap()
}
