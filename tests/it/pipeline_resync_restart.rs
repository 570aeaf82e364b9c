//! When accounts were last listed outlives the processor: it reads the markers of former runs back.
//! The embedded broker cannot find records by time.

use std::time::Duration;

use harness::{
    Metrics, PROJECT, Pipeline, PipelineSettings, ReadRecord, ServiceProcess, WITHIN, eventually,
};
use jiff::Timestamp;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::Offset;
use stackone_link_schemas::{
    CloudEvent, LISTING_MARKER_TYPE, ListingMarker, event_id_of_body, source_of_project,
};
use stackone_link_transport::{Live, encode_headers};
use stackone_link_wire::{RecordHeaders, Topic};
use stackone_simulator::{Fault, FaultRule, Operation};

use crate::operator::committed;

const HOUR: Duration = Duration::from_secs(60 * 60);
const LAST_SUCCESS: &str = "stackone_processor_resync_last_success_timestamp_seconds";

/// A pipeline whose processors list every hour.
async fn hourly(test: &str) -> Pipeline {
    let settings = PipelineSettings {
        partitions: 1,
        resync_interval: HOUR,
        ..PipelineSettings::default()
    };
    Pipeline::with(test, settings).await.unwrap()
}

fn is_marker(record: &ReadRecord, is_complete: bool) -> bool {
    record.headers.event.event_type == LISTING_MARKER_TYPE
        && record.json::<ListingMarker>().is_complete == is_complete
}

/// Starts a processor and waits until it has read markers back and gone on, to whatever was due
/// then: what is linked after that is confirmed by a later turn.
async fn started(pipeline: &Pipeline, tenant: &str) -> ServiceProcess {
    let processor = pipeline.processor_process("a").await;
    let lines = processor.says("when accounts were last listed").await;
    assert_eq!(lines.len(), 1, "read more than once: {lines:?}");
    let line = &lines[0];
    assert!(line.contains("\"level\":\"INFO\""), "{line}");
    let id = pipeline.link(tenant);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle
        .read_until(WITHIN, |records| {
            records
                .iter()
                .any(|record| record.key.as_deref() == Some(id.as_str()))
        })
        .await;
    processor
}

async fn last_success(processor: &ServiceProcess) -> i64 {
    let metrics = Metrics::of(&processor.admin).await;
    let seconds = metrics
        .unwrap()
        .get(&format!("{LAST_SUCCESS}{{project=\"{PROJECT}\"}}"));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds since the epoch are whole and small"
    )]
    let seconds = seconds as i64;
    seconds
}

/// How often lists have begun.
async fn begun(pipeline: &Pipeline) -> usize {
    let records = pipeline.all(Topic::AccountEvents).await;
    records
        .iter()
        .filter(|record| is_marker(record, false))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_over_and_over_it_lists_once_and_tells_when() {
    let pipeline = hourly("resync-restart").await;
    let first = started(&pipeline, "t0").await;
    let mut events = pipeline.reader(Topic::AccountEvents);
    events
        .read_until(WITHIN, |records| {
            records.iter().any(|record| is_marker(record, true))
        })
        .await;
    let told = eventually("the list is taken in", WITHIN, async || {
        let at = last_success(&first).await;
        (at > 0).then_some(at).ok_or("not yet")
    });
    let told = told.await.unwrap();
    first.stop().await;
    for restart in 1..4 {
        let again = started(&pipeline, &format!("t{restart}")).await;
        assert_eq!(last_success(&again).await, told, "restart {restart}");
        // Killed it is asked nothing, and the group waits for its session to end.
        again.stop().await;
    }
    assert_eq!(begun(&pipeline).await, 1);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_is_not_begun_by_each_process_that_is_started() {
    let pipeline = hourly("resync-failing").await;
    let rejected = FaultRule::always(Fault::status(422)).for_operation(Operation::List);
    pipeline.fault(rejected);
    for restart in 0..3 {
        let processor = started(&pipeline, &format!("t{restart}")).await;
        if restart == 0 {
            let failed = eventually("the list has failed", WITHIN, async || {
                let failed = processor.logged("resync failed");
                (failed.len() == 1).then_some(()).ok_or(failed.len())
            });
            failed.await.unwrap();
        }
        assert_eq!(last_success(&processor).await, 0);
        processor.stop().await;
    }
    assert_eq!(begun(&pipeline).await, 1);
    pipeline.stop().await.unwrap();
}

/// Writes a marker as it was written so many minutes ago.
pub(crate) async fn mark(pipeline: &Pipeline, is_complete: bool, minutes_ago: i64) -> Timestamp {
    let at =
        Timestamp::now() - Duration::from_secs(60).saturating_mul(minutes_ago.try_into().unwrap());
    let value = serde_json::to_vec(&ListingMarker {
        run: uuid::Uuid::from_u128(1),
        project_id: Some(PROJECT.to_owned()),
        started_at: at,
        is_complete,
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
    let kafka = pipeline
        .broker
        .kafka_config()
        .client_config("marker")
        .unwrap();
    let producer: Live<FutureProducer> = kafka.create().unwrap();
    let record: FutureRecord<'_, str, Vec<u8>> = FutureRecord::to(&pipeline.topics.account_events)
        .partition(0)
        .payload(&value)
        .headers(encode_headers(&headers))
        .timestamp(at.as_millisecond());
    producer.send(record, WITHIN).await.unwrap();
    at
}

/// Whether a processor lists at once that finds these markers taken in, and when it says that a
/// list last succeeded.
async fn lists_after(test: &str, markers: &[(bool, i64)]) -> (bool, i64, i64) {
    let mut pipeline = hourly(test).await;
    let mut last = 0;
    for (is_complete, minutes_ago) in markers {
        let at = mark(&pipeline, *is_complete, *minutes_ago).await;
        if *is_complete {
            last = at.as_second();
        }
    }
    pipeline.settings.resync_interval = Duration::ZERO;
    let before = pipeline.processor("a").unwrap();
    let topic = pipeline.topics.account_events.clone();
    let end = Offset::Offset(markers.len().try_into().unwrap());
    let taken_in = eventually("the markers are taken in", WITHIN, async || {
        let offset = committed(&pipeline.broker, pipeline.group(), &topic).await;
        (offset == end).then_some(()).ok_or(format!("{offset:?}"))
    });
    taken_in.await.unwrap();
    before.stop().await.unwrap();

    pipeline.settings.resync_interval = HOUR;
    let after = started(&pipeline, "t").await;
    let (said, began) = (
        last_success(&after).await,
        after.logged("resync begins").len(),
    );
    after.stop_with(pipeline).await;
    (began == 1, said, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_complete_within_the_interval_is_not_made_again() {
    let (lists, said, last) = lists_after("resync-recent", &[(false, 12), (true, 10)]).await;
    assert!(!lists);
    assert_eq!(said, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_complete_longer_ago_is_made_at_once() {
    let (lists, _, _) = lists_after("resync-overdue", &[(false, 65), (true, 61)]).await;
    assert!(lists);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_began_a_moment_ago_puts_one_off_that_is_overdue() {
    let markers = [(false, 75), (true, 70), (false, 2)];
    let (lists, said, last) = lists_after("resync-begun", &markers).await;
    assert!(!lists);
    assert_eq!(said, last);
}
