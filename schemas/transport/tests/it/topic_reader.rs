//! To the end, following, and what is no end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaRespErr;
use stackone_link_transport::{
    Polled, ReadEnd, ReadError, ReadRange, ReadStart, Reading, TopicReader,
};

use crate::broker::{Broker, TOPIC, send};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// What a reader waits that is to give up.
const IMPATIENT: Duration = Duration::from_secs(1);

/// What was read of each partition.
type Values = BTreeMap<i32, Vec<String>>;

/// What ended reading.
enum Ended {
    CaughtUp,
    Failed(ReadError),
    /// It has all that the test waits for.
    Enough,
}

fn wholes(reader: &TopicReader) -> Vec<ReadRange> {
    let partitions = reader.partitions(DEADLINE).unwrap();
    partitions.into_iter().map(ReadRange::whole).collect()
}

/// Polls until it is told something but records, or `is_enough`.
fn poll_until(
    reading: &mut Reading<'_>,
    values: &mut Values,
    is_enough: impl Fn(&Values) -> bool,
) -> Ended {
    let deadline = Instant::now() + DEADLINE;
    while !is_enough(values) {
        assert!(Instant::now() < deadline, "no end; read {values:?}");
        match reading.poll() {
            Ok(Polled::Record(record)) => {
                let value = String::from_utf8(record.value().unwrap().to_vec()).unwrap();
                assert_eq!(record.key(), Some(b"key".as_slice()));
                values.entry(record.partition()).or_default().push(value);
            }
            Ok(Polled::Nothing) => {}
            Ok(Polled::CaughtUp) => return Ended::CaughtUp,
            Err(error) => return Ended::Failed(error),
        }
    }
    Ended::Enough
}

/// Reads until it is told that there is no more.
fn catch_up(reading: &mut Reading<'_>) -> Values {
    let mut values = Values::new();
    match poll_until(reading, &mut values, |_| false) {
        Ended::CaughtUp => values,
        Ended::Failed(error) => panic!("{error}; read {values:?}"),
        Ended::Enough => unreachable!("never enough"),
    }
}

/// Reads until it fails.
fn fail(reading: &mut Reading<'_>) -> ReadError {
    let mut values = Values::new();
    match poll_until(reading, &mut values, |_| false) {
        Ended::Failed(error) => error,
        Ended::CaughtUp | Ended::Enough => panic!("did not fail; read {values:?}"),
    }
}

fn values(of: &[(i32, &[&str])]) -> Values {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    of.iter()
        .map(|(partition, values)| (*partition, owned(values)))
        .collect()
}

#[test]
fn every_partition_is_read_to_its_end_and_in_order() {
    let broker = Broker::new(1, 3);
    broker.write(0, &["a", "b"]);
    broker.write(2, &["c"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    let read = values(&[(0, &["a", "b"]), (2, &["c"])]);
    // One reader reads as often as it is asked to.
    for _ in 0..2 {
        let mut reading = reader.read_to_end(&ranges, DEADLINE).unwrap();
        assert_eq!(reading.open_partitions(), 2);
        assert_eq!(catch_up(&mut reading), read);
        assert!(matches!(reading.poll(), Ok(Polled::CaughtUp)));
    }
}

#[test]
fn nothing_outside_a_range_is_handed_out() {
    let broker = Broker::new(1, 2);
    broker.write(0, &["a", "b", "c", "d"]);
    broker.write(1, &["e", "f"]);
    let mut reader = broker.reader(TOPIC);
    let new_ones = ReadRange {
        partition: 1,
        start: ReadStart::Latest,
        end: ReadEnd::Reported,
    };
    let ranges = [ReadRange::of(0, &(1..3)), new_ones];
    let mut reading = reader.read_to_end(&ranges, DEADLINE).unwrap();
    assert_eq!(catch_up(&mut reading), values(&[(0, &["b", "c"])]));
    drop(reading);
    assert_eq!(reader.offsets(0, DEADLINE).unwrap(), 0..4);
    let behind_the_end = [ReadRange::of(0, &(2..9))];
    let mut reading = reader.read_to_end(&behind_the_end, DEADLINE).unwrap();
    assert_eq!(catch_up(&mut reading), values(&[(0, &["c", "d"])]));
}

#[test]
fn what_is_stable_when_reading_begins_is_the_end_wherever_the_broker_reports_one() {
    let broker = Broker::new(1, 1);
    broker.write(0, &["a"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    // An end is reported by a fetch that brings nothing. Here there is none, as with a partition
    // that is written all the time: the second fetch is never answered.
    broker.answers_fetches(1, RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT);
    let mut reading = reader.read_to_end(&ranges, DEADLINE / 4).unwrap();
    assert_eq!(catch_up(&mut reading), values(&[(0, &["a"])]));
}

#[test]
fn what_the_client_reports_is_no_sign_of_life() {
    let broker = Broker::new(1, 1);
    broker.write(0, &["a"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    broker.answers_fetches(0, RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN);
    let mut reading = reader.read_to_end(&ranges, 4 * IMPATIENT).unwrap();
    let error = fail(&mut reading);
    assert!(
        matches!(&error, ReadError::Stalled { last: Some(_), .. }),
        "{error:?}"
    );
}

#[test]
fn a_broker_that_is_gone_stalls_the_reader_whatever_its_client_reports() {
    let broker = Broker::new(1, 1);
    broker.write(0, &["a"]);
    let mut reader = broker.reader(TOPIC);
    assert_eq!(wholes(&reader).len(), 1);
    // Of known offsets nothing is asked, so it can be down before anything is fetched.
    broker.down(1);
    let ranges = [ReadRange::of(0, &(0..1))];
    let mut reading = reader.read_to_end(&ranges, IMPATIENT).unwrap();
    let error = fail(&mut reading);
    assert!(
        matches!(&error, ReadError::Stalled { topic, .. } if topic == TOPIC),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "nothing came from topic topic for 1 s");
    // It was no end: who polls on reads on once the broker is back.
    broker.up(1);
    let mut read = Values::new();
    loop {
        match poll_until(&mut reading, &mut read, |_| false) {
            Ended::CaughtUp => break,
            Ended::Failed(error) => assert!(matches!(error, ReadError::Stalled { .. }), "{error}"),
            Ended::Enough => unreachable!("never enough"),
        }
    }
    assert_eq!(read, values(&[(0, &["a"])]));
}

#[test]
fn a_partition_that_is_written_all_the_time_speaks_for_no_other_one() {
    let broker = Broker::new(2, 2);
    broker.write(0, &["a"]);
    broker.write(1, &["b"]);
    let mut reader = broker.reader(TOPIC);
    assert_eq!(wholes(&reader).len(), 2);
    broker.down(2);
    let ranges = [0, 1].map(|partition| ReadRange::of(partition, &(0..1)));
    let mut reading = reader.read_to_end(&ranges, IMPATIENT).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (producer, is_over) = (broker.producer(), &is_over);
        scope.spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                send(&producer, 0, "more");
                producer.poll(Duration::from_millis(1));
            }
        });
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fail(&mut reading)));
        is_over.store(true, Ordering::Relaxed);
        assert!(matches!(failed.unwrap(), ReadError::Stalled { .. }));
    });
    assert_eq!(reading.open_partitions(), 1);
}

#[test]
fn who_takes_long_between_two_polls_has_not_stalled() {
    let broker = Broker::new(1, 1);
    broker.write(0, &["a", "b"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    let mut reading = reader.read_to_end(&ranges, IMPATIENT).unwrap();
    let mut read = Values::new();
    let first = poll_until(&mut reading, &mut read, |read| !read.is_empty());
    assert!(matches!(first, Ended::Enough));
    let until = Instant::now() + 2 * IMPATIENT;
    while Instant::now() < until {
        std::thread::yield_now();
    }
    assert_eq!(catch_up(&mut reading), values(&[(0, &["b"])]));
}

#[test]
fn a_topic_that_is_not_there_or_not_for_us_is_named_as_such() {
    let broker = Broker::new(1, 1);
    let missing = broker.reader("no-such-topic").partitions(DEADLINE);
    assert!(
        matches!(&missing, Err(ReadError::Missing(topic)) if topic == "no-such-topic"),
        "{missing:?}"
    );
    broker.says(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let forbidden = broker.reader(TOPIC).partitions(DEADLINE);
    assert!(
        matches!(&forbidden, Err(ReadError::Forbidden { topic, .. }) if topic == TOPIC),
        "{forbidden:?}"
    );
}

#[test]
fn a_right_that_is_taken_away_while_reading_is_told() {
    let broker = Broker::new(1, 1);
    broker.write(0, &["a"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    broker.refuses_a_fetch(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let mut reading = reader.read_to_end(&ranges, DEADLINE).unwrap();
    let error = fail(&mut reading);
    assert!(matches!(error, ReadError::Forbidden { .. }), "{error:?}");
    // Given back, it is used.
    assert_eq!(catch_up(&mut reading), values(&[(0, &["a"])]));
}

#[test]
fn a_follower_is_told_once_that_it_has_caught_up_and_goes_on() {
    let broker = Broker::new(1, 2);
    broker.write(0, &["a"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    let mut reading = reader.follow(&ranges, DEADLINE).unwrap();
    assert_eq!(catch_up(&mut reading), values(&[(0, &["a"])]));
    broker.write(0, &["b"]);
    broker.write(1, &["c"]);
    let mut read = Values::new();
    let ended = poll_until(&mut reading, &mut read, |read| read.len() == 2);
    assert!(matches!(ended, Ended::Enough), "caught up twice, or failed");
    assert_eq!(read, values(&[(0, &["b"]), (1, &["c"])]));
}

#[test]
fn silence_stalls_a_follower_only_where_a_leader_does_not_answer() {
    let broker = Broker::new(2, 2);
    broker.write(0, &["a"]);
    // A leader tells of an empty partition after half a second, which is no silence yet.
    broker.write(1, &["a"]);
    let mut reader = broker.reader(TOPIC);
    let ranges = wholes(&reader);
    let patience = Duration::from_secs(2);
    let mut reading = reader.follow(&ranges, patience).unwrap();
    catch_up(&mut reading);
    // Nothing is written, and the leaders say so, again and again.
    let caught_up = Instant::now();
    while reading.heard().unwrap() < caught_up + 4 * patience {
        assert!(caught_up.elapsed() < DEADLINE);
        match reading.poll() {
            Ok(Polled::Nothing) => {}
            Ok(Polled::Record(_) | Polled::CaughtUp) => panic!("there is nothing new"),
            Err(error) => panic!("{error}"),
        }
    }
    broker.down(2);
    let down = Instant::now();
    let error = fail(&mut reading);
    assert!(matches!(error, ReadError::Stalled { .. }), "{error:?}");
    assert!(reading.heard().unwrap() <= down, "nobody was there");
    broker.up(2);
    broker.write(1, &["b"]);
    let mut read = Values::new();
    while let Ended::Failed(error) = poll_until(&mut reading, &mut read, |read| !read.is_empty()) {
        assert!(matches!(error, ReadError::Stalled { .. }), "{error}");
    }
    assert_eq!(read, values(&[(1, &["b"])]));
}
