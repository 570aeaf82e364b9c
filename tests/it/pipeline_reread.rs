//! Records are read again to be put aside: only what the broker shows to be gone has expired.

use std::time::Duration;

use harness::{Pipeline, WITHIN, eventually};
use stackone_link_schemas::Cause;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topic;
use stackone_processor::refetch::{RefetchError, refetch};
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::steps::refetch::NotInTime;
use stackone_processor_core::work::AccountKey;

use crate::pipeline_dead_letters::{PUBLISHED, publish};

/// Reads these offsets of the account `a` again, in a topic of one partition.
async fn read(
    kafka: KafkaConfig,
    pipeline: &Pipeline,
    offsets: &[i64],
    within: Duration,
) -> Result<Vec<(Consumed, bool)>, RefetchError> {
    let topic = pipeline.topics.name(Topic::AccountEvents).to_owned();
    let cause = |offset: &i64| Cause {
        event_id: Some(PUBLISHED),
        event_type: "account.created".to_owned(),
        event_date: None,
        received_at: None,
        topic: topic.clone(),
        partition: 0,
        offset: *offset,
    };
    let causes: Vec<Cause> = offsets.iter().map(cause).collect();
    let key = AccountKey {
        partition: 0,
        id: "a".try_into().unwrap(),
    };
    let job = move || refetch(&kafka, "reread", &topic, &key, &causes, within, &|| false);
    tokio::task::spawn_blocking(job).await.unwrap()
}

/// A pipeline with `first` and `second` as records of the account `a`.
async fn two_records(test: &str) -> Pipeline {
    let pipeline = Pipeline::with(test, harness::Setup::partitions(1)).await;
    for value in ["first", "second"] {
        publish(&pipeline, "a", value.as_bytes()).await;
    }
    pipeline
}

/// The values, and whether they have expired.
fn values(records: &[(Consumed, bool)]) -> Vec<(&[u8], bool)> {
    let values = records.iter();
    values
        .map(|(record, expired)| (record.value.as_slice(), *expired))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_again_now_has_not_expired() {
    let pipeline = two_records("reread").await;
    let kafka = pipeline.broker.kafka_config();
    let soon = Duration::from_millis(500);
    let nobody = KafkaConfig::plaintext("127.0.0.1:1");
    let unanswered = read(nobody, &pipeline, &[0], soon).await;
    assert!(
        matches!(
            unanswered,
            Err(RefetchError::NotInTime(NotInTime {
                partition: 0,
                offset: 0
            }))
        ),
        "{unanswered:?}"
    );
    // Not there yet, as after a failover to a broker that is behind: there is no proof that it
    // never will be. Where even the first one does not come in time, the machine is busy.
    let is_ahead = eventually(
        "only the one that is not there is missed",
        WITHIN,
        async || {
            let within = Duration::from_secs(5);
            match read(kafka.clone(), &pipeline, &[0, 2], within).await {
                Err(RefetchError::NotInTime(NotInTime { offset: 2, .. })) => Ok(()),
                Err(RefetchError::NotInTime(missed)) => Err(format!("{missed:?}")),
                other => panic!("{other:?}"),
            }
        },
    );
    is_ahead.await.unwrap();
    let found = read(kafka, &pipeline, &[1, 0], WITHIN).await.unwrap();
    let expected: [(&[u8], bool); 2] = [(b"second", false), (b"first", false)];
    assert_eq!(values(&found), expected);
    pipeline.stop().await.unwrap();
}

#[cfg(feature = "container")]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_deleted_has_expired_and_one_that_was_not_has_its_bytes() {
    let pipeline = two_records("reread-deleted").await;
    let topic = pipeline.topics.name(Topic::AccountEvents);
    let kafka = pipeline.broker.kafka_config();
    crate::operator::delete_records(&pipeline.broker, topic, 0, 1).await;
    let found = read(kafka.clone(), &pipeline, &[0, 1], WITHIN)
        .await
        .unwrap();
    let expected: [(&[u8], bool); 2] = [(b"", true), (b"second", false)];
    assert_eq!(values(&found), expected);
    // Also where nothing is left that could be read instead.
    crate::operator::delete_records(&pipeline.broker, topic, 0, 2).await;
    let found = read(kafka, &pipeline, &[1], WITHIN).await.unwrap();
    assert_eq!(values(&found), [(&b""[..], true)]);
    pipeline.stop().await.unwrap();
}
