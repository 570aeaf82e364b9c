//! Topics that take less than they have to: named when a service starts, and nothing else waits for
//! it.

use std::time::Duration;

use harness::{
    Broker, PATIENT, Pipeline, SECRET, ServiceProcess, WITHIN, eventually, ingest_process,
    unique_topics,
};
use stackone_link_wire::Topic;
use stackone_simulator::{SignedBody, sign, webhook_client, webhook_request};

use crate::operator::configure;

const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
const ACCOUNT_EVENT: &str = "account.updated";
const RECORD_EVENT: &str = "hris_employees.created";
/// Larger than a topic that takes 64 KiB, and smaller than `limits.max_body_bytes`.
const LARGE: usize = 200_000;
const SMALL: usize = 1000;
/// While nothing is missing, ingest looks once a minute.
const LOOKED_AGAIN: Duration = Duration::from_secs(120);

/// The answer to a webhook of `bytes` in which nothing repeats, so that compression saves nothing.
async fn post(ingest: &ServiceProcess, event: &str, bytes: usize) -> u16 {
    let noise: String = (0..bytes).map(|_| fastrand::alphanumeric()).collect();
    let body = format!(r#"{{"event":"{event}","account_id":"a","noise":"{noise}"}}"#);
    let signature = sign(SECRET.as_bytes(), body.as_bytes());
    let body = body.into_bytes();
    let client = webhook_client(WITHIN).unwrap();
    let signed = SignedBody { body, signature };
    let answer = webhook_request(&client, &ingest.webhook_url(), signed)
        .send()
        .await;
    answer.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_names_each_topic_that_takes_less_than_the_largest_webhook_and_stores_what_fits() {
    let (broker, topics) = (Broker::start().await, unique_topics("sizes"));
    broker.create_topics(&topics, 1).await.unwrap();
    let [events, records] =
        [Topic::AccountEvents, Topic::RecordEvents].map(|topic| topics.name(topic));
    configure(&broker, events, MAX_MESSAGE_BYTES, "65536").await;
    let ingest = ingest_process(broker.bootstrap_servers(), &topics, &PATIENT).await;
    let told = ingest.says("takes records of at most").await;
    assert_eq!(told.len(), 1, "the others take enough: {told:?}");
    for words in ["\"ERROR\"", events, "65536 bytes", "may need 937984"] {
        assert!(told[0].contains(words), "{told:?} does not say {words}");
    }
    assert_eq!(post(&ingest, ACCOUNT_EVENT, SMALL).await, 200);
    assert_eq!(post(&ingest, ACCOUNT_EVENT, LARGE).await, 413);
    assert_eq!(post(&ingest, RECORD_EVENT, LARGE).await, 200);

    // What is lowered while it runs is seen once a record did not fit.
    configure(&broker, records, MAX_MESSAGE_BYTES, "65537").await;
    let refused = eventually("it is too large", WITHIN, async || {
        let status = post(&ingest, RECORD_EVENT, LARGE).await;
        (status == 413).then_some(()).ok_or(status)
    });
    refused.await.unwrap();
    let told = ingest
        .says_times("at most 65537 bytes", 1, LOOKED_AGAIN)
        .await;
    assert!(told[0].contains(records), "{told:?}");
    let told = ingest.says("takes records of at most").await;
    assert_eq!(told.len(), 2, "each is told once: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_names_a_dead_letter_topic_that_takes_no_more_than_events_and_goes_on() {
    let pipeline = Pipeline::start("letter-sizes").await;
    let letters = pipeline.topics.name(Topic::DeadLetter);
    // What Kafka gives a topic that says nothing, and so what the events topic has, too.
    configure(&pipeline.broker, letters, MAX_MESSAGE_BYTES, "1048588").await;
    let processor = pipeline.processor_process("a").await;
    pipeline.link("t");
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    let told = processor.logged(MAX_MESSAGE_BYTES);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("\"ERROR\""), "{told:?}");
    for words in [letters, "max.message.bytes=1048588", "at least 1064972"] {
        assert!(told[0].contains(words), "{told:?} does not say {words}");
    }
    processor.stop_with(pipeline).await;
}
