//! What cannot be used is put aside with its bytes, and nothing waits for it.

use std::time::Duration;

use harness::{Metrics, Pipeline, ReadRecord, WITHIN, eventually};
use stackone_link_schemas::{CloudEvent, DeadLetterReason};
use stackone_link_transport::Publisher;
use stackone_link_wire::{OutgoingRecord, RecordHeaders, Topic};
use stackone_simulator::{Fault, FaultRule, NewAccount, Operation};
use uuid::Uuid;

fn reasons(records: &[ReadRecord]) -> Vec<DeadLetterReason> {
    records
        .iter()
        .map(|record| record.headers.dead_letter.clone().unwrap().reason)
        .collect()
}

/// The id of what [`publish`] publishes.
pub(crate) const PUBLISHED: Uuid = Uuid::from_u128(7);

/// Publishes to the account events topic what ingest would never put there.
pub(crate) async fn publish(pipeline: &Pipeline, key: &str, value: &[u8]) {
    let publisher = Publisher::new(
        &pipeline.broker.kafka_config(),
        "test",
        Duration::from_secs(30),
    )
    .unwrap();
    let headers = RecordHeaders::of(CloudEvent {
        id: PUBLISHED,
        event_type: "account.created".to_owned(),
        source: "/stackone".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    });
    let topic = pipeline.topics.name(Topic::AccountEvents);
    publisher
        .publish(&OutgoingRecord {
            topic,
            key: Some(key),
            value,
            headers,
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_used_are_put_aside_with_their_bytes() {
    let (pipeline, processor) = Pipeline::at_work("unusable").await;
    let garbage: &[u8] = b"\x00not json \xff";
    let unusable: [(&str, &[u8]); 4] = [
        ("a", garbage),
        (
            "a",
            br#"{"event":"hris_employees.created","account_id":"a"}"#,
        ),
        (
            "a",
            br#"{"event":"account.created","account_id":"../../a"}"#,
        ),
        (
            "b",
            br#"{"event":"account.created","account_id":"b","project_id":"another"}"#,
        ),
    ];
    for (key, value) in unusable {
        publish(&pipeline, key, value).await;
    }
    let mut dead_letters = pipeline.reader(Topic::DeadLetter);
    let records = dead_letters.events(4).await;
    let unknown = records
        .iter()
        .find(|record| record.key.as_deref() == Some("b"))
        .unwrap();
    assert_eq!(
        reasons(std::slice::from_ref(unknown)),
        [DeadLetterReason::UnknownProject]
    );
    let malformed: Vec<&ReadRecord> = records
        .iter()
        .filter(|record| record.key.as_deref() == Some("a"))
        .collect();
    assert_eq!(malformed[0].value, garbage);
    assert_eq!(
        malformed[0].headers.event.id, PUBLISHED,
        "the original headers are kept"
    );
    let why = malformed[1].headers.dead_letter.clone().unwrap();
    assert_eq!(
        (why.reason, why.offset),
        (DeadLetterReason::MalformedEvent, 1)
    );
    // They held up nobody: the next account is linked.
    let id = pipeline.link("t");
    let is_linked = |record: &ReadRecord| record.key.as_deref() == Some(id.as_str());
    let mut linked = pipeline.reader(Topic::Linked);
    linked
        .read_until(WITHIN, |records| records.iter().any(is_linked))
        .await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_is_rejected_for_good_is_put_aside_after_three_attempts() {
    let mut pipeline = Pipeline::start("rejected").await;
    // Attempts are counted, and one that is late on a busy machine would be one of them.
    pipeline.settings.lookups.timeout = WITHIN;
    let processor = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let fault = Fault::Status {
        status: 422,
        retry_after: None,
        body: None,
    };
    let rule = FaultRule::always(fault).for_operation(Operation::Get);
    let rule = pipeline.fault(rule);
    let id = simulator
        .link(&NewAccount::new("bamboohr", "t", "Acme"))
        .unwrap();
    let mut events = pipeline.reader(Topic::AccountEvents);
    let original = events.events(1).await[0].clone();
    let mut dead_letters = pipeline.reader(Topic::DeadLetter);
    let record = dead_letters.events(1).await[0].clone();
    let why = record.headers.dead_letter.clone().unwrap();
    assert_eq!(
        (why.reason, why.attempts, why.value_expired),
        (DeadLetterReason::LookupRejected, 3, false)
    );
    assert_eq!(
        (&record.value, &record.key),
        (&original.value, &original.key)
    );
    assert_eq!(
        (&record.headers.event, &record.headers.ingest),
        (&original.headers.event, &original.headers.ingest)
    );
    // The account is not lost: its next webhook is decided.
    simulator.faults().clear(rule);
    pipeline.refresh(&id);
    pipeline.reader(Topic::Linked).events(1).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

/// Every record has one disposition: consumed + restored = disposed + pending + handed over.
pub(crate) async fn assert_conserved(admin: &str) {
    let balance = eventually("every record is accounted for", WITHIN, async || {
        let metrics = Metrics::of(admin)
            .await
            .map_err(|error| error.to_string())?;
        let count = |name: &str| metrics.sum(&format!("stackone_processor_{name}"));
        let taken_in = count("records_consumed_total") + count("records_restored_total");
        let accounted = count("records_total") + count("records_handed_over_total");
        if (taken_in - accounted).abs() < 0.5 {
            Ok(())
        } else {
            Err(format!("{taken_in} taken in, {accounted} accounted for"))
        }
    });
    balance.await.unwrap();
}
