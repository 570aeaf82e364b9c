//! A dead-letter topic that refuses records holds up dead letters, and nothing else.

use std::time::Duration;

use harness::{
    Isolation, Metrics, Pipeline, ReadRecord, Setup, TopicReader, WITHIN, eventually, transitions,
};
use rdkafka::topic_partition_list::Offset;
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule, NewAccount, Notify};

use crate::operator::{committed, configure};
use crate::pipeline_dead_letters::{assert_conserved, publish};

/// The longest wait between two attempts is a minute, and an account that cannot be put aside has a
/// backoff besides.
const MENDED_WITHIN: Duration = Duration::from_secs(180);
const GARBAGE: &[u8] = b"not json";

/// Waits until the dead letters that are held are so many.
async fn held(admin: &str, wanted: f64) {
    let held = eventually("dead letters are held", WITHIN, async || {
        let metrics = Metrics::of(admin)
            .await
            .map_err(|error| error.to_string())?;
        let held = metrics.get("stackone_processor_dead_letters_held");
        let is_so = (held - wanted).abs() < 0.5;
        is_so.then_some(()).ok_or(format!("{held} are"))
    });
    held.await.unwrap();
}

/// Puts a record of no use on the events topic, and one whose account is rejected by the API for
/// good.
async fn two_that_are_put_aside(pipeline: &Pipeline) -> ReadRecord {
    let simulator = &pipeline.simulator;
    let silent = NewAccount {
        notify: Notify::Silent,
        ..NewAccount::new("bamboohr", "t-rejected", "Acme")
    };
    let rejected = simulator.link(&silent).unwrap();
    let fault = Fault::Status {
        status: 422,
        retry_after: None,
        body: None,
    };
    let rule = FaultRule::always(fault).for_account(&rejected);
    pipeline.fault(rule);
    publish(pipeline, "a", GARBAGE).await;
    pipeline.refresh(&rejected);
    let is_bad = |record: &ReadRecord| record.value == GARBAGE;
    // Not held to the contract, which it breaks.
    let servers = pipeline.broker.bootstrap_servers();
    let topic = pipeline.topics.name(Topic::AccountEvents);
    let mut events = TopicReader::new(servers, topic, Isolation::ReadCommitted);
    let records = events
        .read_until(WITHIN, |records| records.iter().any(is_bad))
        .await;
    records
        .iter()
        .find(|record| is_bad(record))
        .unwrap()
        .clone()
}

/// Makes the dead-letter topic accept nothing, or everything.
async fn accept(pipeline: &Pipeline, bytes: &str) {
    let topic = &pipeline.topics.dead_letter;
    configure(&pipeline.broker, topic, "max.message.bytes", bytes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_that_refuses_holds_up_nothing_else_and_gets_each_letter_once() {
    let pipeline = Pipeline::with("refused", Setup::partitions(1)).await;
    let processor = pipeline.processor("a").unwrap();
    let link = |n: usize| pipeline.link(&format!("t{n}"));
    link(0);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    let (broker, topics) = (&pipeline.broker, &pipeline.topics);
    accept(&pipeline, "100").await;
    let bad = two_that_are_put_aside(&pipeline).await;
    held(&processor.admin, 1.0).await;
    (1..4).for_each(|n| drop(link(n)));
    let records = lifecycle.events(4).await;
    assert_eq!(transitions(records).len(), 4);
    let position = async || committed(broker, pipeline.group(), &topics.account_events).await;
    assert_eq!(position().await, Offset::Offset(bad.offset));
    assert_eq!(pipeline.all(Topic::DeadLetter).await, []);
    let aborted = "stackone_processor_transactions_total{outcome=\"aborted\"}";
    let metrics = Metrics::of(&processor.admin).await.unwrap();
    assert!(metrics.get(aborted) > 0.5, "{metrics:?}");

    accept(&pipeline, "2097152").await;
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters
        .read_until(MENDED_WITHIN, |records| records.len() == 2)
        .await;
    held(&processor.admin, 0.0).await;
    eventually("the offset passes it", WITHIN, async || {
        let position = position().await;
        let is_past = matches!(position, Offset::Offset(offset) if offset > bad.offset);
        is_past.then_some(()).ok_or(format!("{position:?}"))
    })
    .await
    .unwrap();
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    let letters = letters.read_to_end().await;
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().any(|letter| letter.value == GARBAGE));
    pipeline.stop().await.unwrap();
}
