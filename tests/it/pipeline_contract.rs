//! Every record that the pipeline writes keeps its contract: on each of the seven topics, whoever
//! reads it or nobody.

use harness::{Pipeline, ReadRecord, WITHIN};
use stackone_link_wire::Topic;
use stackone_simulator::CustomWebhook;

/// Bodies for the topics that no processor reads: other events of an account, and what cannot be
/// used.
const BODIES: [(Topic, &str); 4] = [
    (
        Topic::RecordEvents,
        r#"{"event":"hris_employees.created","account_id":"45320","event_date":"2026-03-04T09:12:44Z"}"#,
    ),
    (
        Topic::RecordEvents,
        r#"{"event":"of_a_later_version","account_id":"45320","event_date":7}"#,
    ),
    (Topic::Unrecognized, "event=account.created"),
    (
        Topic::Unrecognized,
        r#"{"event":"account.created","account_id":"../45320","event_date":"2026-03-04T09:12:44Z"}"#,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_all_seven_topics_keeps_the_contract() {
    let (pipeline, processor) = Pipeline::at_work("contract").await;
    for (topic, body) in BODIES {
        let mut reader = pipeline.reader(topic);
        let before = reader.read_to_end().await.len();
        let webhook = CustomWebhook::raw(body);
        pipeline.simulator.send_webhook(webhook).unwrap();
        let is_there = |records: &[ReadRecord]| records.len() > before;
        let records = reader.read_until(WITHIN, is_there).await;
        assert!(records.iter().any(|record| record.value == body.as_bytes()));
    }
    crate::pipeline_privacy::live(&pipeline).await;
    processor.stop().await.unwrap();
    // What connect writes is proven where it runs.
    for topic in Topic::ALL
        .into_iter()
        .filter(|topic| *topic != Topic::LinkSessions)
    {
        // The reader fails on a record that breaks the contract.
        let records = pipeline.all(topic).await;
        assert!(!records.is_empty(), "{topic:?} is empty: nothing is proven");
    }
    pipeline.stop().await.unwrap();
}
