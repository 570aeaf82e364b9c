//! When accounts were last listed outlives the processor: it reads the markers of former runs back.
//! The embedded broker cannot find records by time.

use std::time::Duration;

use harness::{Metrics, PROJECT, Pipeline, ReadRecord, ServiceProcess, Setup, WITHIN, eventually};
use stackone_link_schemas::{LISTING_MARKER_TYPE, ListingMarker};
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule, Operation};

const HOUR: Duration = Duration::from_secs(60 * 60);
const LAST_SUCCESS: &str = "stackone_processor_resync_last_success_timestamp_seconds";

/// A pipeline whose processors list every hour.
async fn hourly(test: &str) -> Pipeline {
    let mut pipeline = Pipeline::with(test, Setup::partitions(1)).await;
    pipeline.settings.resync.interval = HOUR;
    pipeline
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
async fn a_processor_restarted_over_and_over_lists_once_and_tells_when() {
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
