//! Records that were deleted before they were read.

use std::time::Duration;

use harness::{Metrics, PROJECT, Pipeline, Setup, WITHIN, assert_story, transitions};
use jiff::Timestamp;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use stackone_link_schemas::{
    CloudEvent, LISTING_MARKER_TYPE, ListingMarker, event_id_of_body, source_of_project,
};
use stackone_link_transport::{Live, encode_headers};
use stackone_link_wire::{RecordHeaders, Topic};
use stackone_simulator::AccountId;

use crate::operator::delete_records;

fn link(pipeline: &Pipeline, n: usize) -> AccountId {
    pipeline.link(&format!("t{n}"))
}

/// Writes the marker of a list that was complete ten minutes ago.
async fn mark_as_listed(pipeline: &Pipeline) {
    let at = Timestamp::now() - Duration::from_secs(10 * 60);
    let value = serde_json::to_vec(&ListingMarker {
        run: uuid::Uuid::from_u128(1),
        project_id: Some(PROJECT.to_owned()),
        started_at: at,
        is_complete: true,
    });
    let value = value.unwrap();
    let headers = RecordHeaders::of(CloudEvent {
        id: event_id_of_body(&value),
        event_type: LISTING_MARKER_TYPE.to_owned(),
        source: source_of_project(Some(PROJECT)),
        subject: None,
        time: Some(at),
        dataschema: None,
    });
    let kafka = pipeline.broker.kafka_config();
    let config = kafka.client_config("marker").unwrap();
    let producer: Live<BaseProducer> = config.create().unwrap();
    let record: BaseRecord<'_, str, Vec<u8>> = BaseRecord::to(&pipeline.topics.account_events)
        .partition(0)
        .payload(&value)
        .headers(encode_headers(&headers))
        .timestamp(at.as_millisecond());
    assert!(producer.send(record).is_ok());
    producer.flush(WITHIN).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_expired_before_they_were_read_are_told_and_healed_by_a_resync_at_once() {
    let mut pipeline = Pipeline::with("expired", Setup::partitions(1)).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let first = pipeline.processor("a").unwrap();
    link(&pipeline, 0);
    lifecycle.events(1).await;
    first.stop().await.unwrap();

    let mut events = pipeline.reader(Topic::AccountEvents);
    let lost = link(&pipeline, 1);
    events.events(2).await;
    let kept = link(&pipeline, 2);
    let records = events.events(3).await;
    let end_of_lost = records[2].offset;
    let topic = &pipeline.topics.account_events;
    delete_records(&pipeline.broker, topic, 0, end_of_lost).await;

    // No list is due that would find it.
    mark_as_listed(&pipeline).await;
    pipeline.settings.resync.interval = Duration::from_secs(60 * 60);
    let second = pipeline.processor("a").unwrap();
    // Nobody asks for it. Which of the two comes first is not said.
    let records = lifecycle.events(3).await;
    assert_eq!(transitions(records).len(), 3);
    for id in [&kept, &lost] {
        assert_story(records, id.as_str(), ["linked"]);
    }
    let metrics = Metrics::of(&second.admin).await.unwrap();
    let missed = metrics.get("stackone_processor_offsets_out_of_range_total");
    assert!((missed - 1.0).abs() < 0.5, "told {missed} times");
    second.stop_with(pipeline).await;
}
