//! Dead letters are put back once each, in order per account, whatever is asked for and whatever
//! gets in between.

#[cfg(feature = "container")]
mod killed;
mod letters;

use harness::{Pipeline, ReadRecord, WITHIN, assert_story, transitions};
use stackone_link_schemas::DeadLetterReason;
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule, Operation};

use crate::pipeline_dead_letters::assert_conserved;
use letters::{Letter, assert_once_in_order, numbers, put_aside};

/// The summary of one that went well.
pub(crate) async fn summary(pipeline: &Pipeline, arguments: &[&str]) -> serde_json::Value {
    let arguments = [arguments, &["--json"]].concat();
    let text = pipeline
        .told(&[&["redrive"], &arguments[..]].concat())
        .await;
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// All that is on a topic, by partition and offset, once there are `count` records: what was
/// committed a moment ago is not always seen at once.
async fn all_of(pipeline: &Pipeline, topic: Topic, count: usize) -> Vec<ReadRecord> {
    let mut reader = pipeline.reader(topic);
    reader.at_least(count).await;
    let mut records = reader.read_to_end().await;
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}

/// What is on the dead-letter topic without what redrives wrote there.
fn dead(records: &[ReadRecord]) -> Vec<&ReadRecord> {
    let is_dead = |record: &&ReadRecord| record.headers.dead_letter.is_some();
    records.iter().filter(is_dead).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_put_back_is_decided_and_one_that_fails_again_counts_it() {
    let (pipeline, processor) = Pipeline::at_work("redrive").await;
    let simulator = &pipeline.simulator;
    let rejected = Fault::Status {
        status: 422,
        retry_after: None,
        body: None,
    };
    let rule = FaultRule::always(rejected).for_operation(Operation::Get);
    let rule = pipeline.fault(rule);
    let id = pipeline.link("t");
    let mut topic = pipeline.reader(Topic::DeadLetter);
    let letters = topic
        .read_until(WITHIN, |records| dead(records).len() == 1)
        .await;
    let first = letters[0].clone();
    assert_eq!(summary(&pipeline, &[]).await["redriven"], 1);
    let letters = topic
        .read_until(WITHIN, |records| dead(records).len() == 2)
        .await;
    let second = (*dead(letters)[1]).clone();
    let why = |letter: &ReadRecord| letter.headers.dead_letter.clone().unwrap();
    assert_eq!(first.headers.redrive, None);
    assert_eq!(second.headers.redrive.as_ref().unwrap().redrives, 1);
    assert_eq!(why(&second).first_seen, why(&first).first_seen);
    assert!(why(&second).last_seen > why(&first).last_seen);
    assert!(why(&second).offset > why(&first).offset);
    assert_eq!(
        (&second.key, &second.value, &second.headers.event),
        (&first.key, &first.value, &first.headers.event)
    );
    simulator.faults().clear(rule);
    assert_eq!(summary(&pipeline, &[]).await["redriven"], 1);
    let mut linked = pipeline.reader(Topic::Linked);
    let records = linked.events(1).await;
    assert_story(records, id.as_str(), ["linked"]);
    let cause = transitions(records)[0].caused_by[0].clone();
    assert_eq!(cause.event_id, Some(first.headers.event.id));
    assert!(cause.offset > why(&second).offset, "{cause:?}");
    let idle = summary(&pipeline, &[]).await;
    assert_eq!(
        (&idle["redriven"], &idle["left"]["malformed"]),
        (&0.into(), &0.into())
    );
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_do_and_changes_nothing() {
    let pipeline = Pipeline::start("dry-run").await;
    let expired = Letter {
        expired: true,
        ..Letter::of("b", DeadLetterReason::LookupRejected)
    };
    put_aside(
        &pipeline,
        0,
        &Letter::of("a", DeadLetterReason::UnknownProject),
    )
    .await;
    put_aside(
        &pipeline,
        1,
        &Letter::of("a", DeadLetterReason::MalformedEvent),
    )
    .await;
    put_aside(&pipeline, 2, &expired).await;
    let before = all_of(&pipeline, Topic::DeadLetter, 3).await;
    for _ in 0..2 {
        let told = pipeline.told(&["redrive", "--dry-run"]).await;
        let count = |start: &str| told.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(
            (count("redrive "), count("expired "), count("left ")),
            (1, 1, 1),
            "{told}"
        );
        assert!(
            told.contains("would put back 1 of 3") && told.contains("resync"),
            "{told}"
        );
    }
    assert_eq!(all_of(&pipeline, Topic::DeadLetter, 3).await, before);
    assert_eq!(pipeline.all(Topic::AccountEvents).await, []);
    // Not even committed offsets: all of it is still there for the real one, which tells what has
    // expired.
    let output = pipeline.ended(&["redrive"]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("put back 1 of 3 dead letters"), "{told}");
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(
        warned.contains("expired ") && warned.contains("account b"),
        "{warned}"
    );
    let once = summary(&pipeline, &[]).await;
    assert_eq!(
        (&once["expired"], &once["left"]["malformed"]),
        (&0.into(), &1.into())
    );
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_selection_leaves_is_found_by_the_next_and_nothing_is_put_back_twice() {
    let pipeline = Pipeline::start("selection").await;
    for number in 0..24 {
        let reason = [
            DeadLetterReason::UnknownProject,
            DeadLetterReason::LookupRejected,
            DeadLetterReason::MalformedEvent,
        ][number % 3]
            .clone();
        let account = ["a", "b", "c", "d"][number / 6];
        put_aside(&pipeline, number, &Letter::of(account, reason)).await;
    }
    let rounds: [(&[&str], u64); 6] = [
        (&["--reason", "lookup_rejected"], 8),
        (&["--reason", "lookup_rejected"], 0),
        (&["--account", "b"], 2),
        (&["--since", "1h"], 6),
        (&[], 0),
        (
            &["--reason", "malformed_event", "--reason", "unknown_project"],
            8,
        ),
    ];
    for (arguments, redriven) in rounds {
        forget_offsets(&pipeline).await;
        let summary = summary(&pipeline, arguments).await;
        assert_eq!(summary["redriven"], redriven, "{arguments:?}: {summary}");
    }
    let events = all_of(&pipeline, Topic::AccountEvents, 24).await;
    let mut put_back = numbers(&events);
    put_back.sort_unstable();
    assert_eq!(put_back, (0..24).collect::<Vec<_>>());
    pipeline.stop().await.unwrap();
}

/// Kafka forgets the offsets of a group that nobody is a member of, long before it deletes the dead
/// letters.
#[cfg(feature = "container")]
async fn forget_offsets(pipeline: &Pipeline) {
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    use stackone_link_transport::Live;

    let kafka = pipeline.broker.kafka_config();
    let config = kafka.client_config("test").unwrap();
    let admin: Live<AdminClient<DefaultClientContext>> = config.create().unwrap();
    let group = format!("{}.redrive", pipeline.group());
    // An error where there is nothing to forget yet.
    drop(admin.delete_groups(&[&group], &AdminOptions::new()).await);
}

/// The embedded broker has no transactional offsets to begin with.
#[cfg(not(feature = "container"))]
async fn forget_offsets(_: &Pipeline) {}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_an_account_come_back_in_order_with_their_key_bytes_and_headers() {
    let pipeline = Pipeline::start("order").await;
    for number in 0..60 {
        let account = ["a", "b", "c", "d", "e"][number % 5];
        let letter = Letter::of(account, DeadLetterReason::UnknownProject);
        put_aside(&pipeline, number, &letter).await;
    }
    // Several transactions: 10 letters each.
    assert_eq!(summary(&pipeline, &["--rate", "20"]).await["redriven"], 60);
    let events = all_of(&pipeline, Topic::AccountEvents, 60).await;
    assert_once_in_order(&events, 60);
    let letters = all_of(&pipeline, Topic::DeadLetter, 60).await;
    for event in &events {
        let letter = letters
            .iter()
            .find(|letter| letter.headers.event.id == event.headers.event.id);
        let letter = letter.unwrap();
        assert_eq!((&event.key, &event.value), (&letter.key, &letter.value));
        assert_eq!(event.headers.ingest, letter.headers.ingest);
        assert_eq!(
            event.partition, letter.partition,
            "both are partitioned by the key"
        );
        assert_eq!(event.headers.dead_letter, None);
    }
    pipeline.stop().await.unwrap();
}
