//! Webhooks that never came are healed by listing the accounts.

use harness::{Metrics, Pipeline, PipelineSettings, WITHIN, assert_story, eventually, story_of};
use stackone_link_wire::Topic;
use stackone_processor::config::Config;
use stackone_processor::resync::{self, ListProgress, ListSummary, ResyncError};
use stackone_simulator::{AccountStatus as Status, NewAccount, Notify};
use tokio_util::sync::CancellationToken;

use crate::pipeline_dead_letters::assert_conserved;

/// What `stackone-processor resync` does.
pub(crate) async fn resync(pipeline: &Pipeline) -> ListSummary {
    resync_until(pipeline, &CancellationToken::new(), |_| {})
        .await
        .unwrap()
}

/// The same, until it is told to stop.
pub(crate) async fn resync_until(
    pipeline: &Pipeline,
    stop: &CancellationToken,
    told: impl FnMut(ListProgress<'_>),
) -> Result<ListSummary, ResyncError> {
    let file = pipeline.processor_file("resync").unwrap();
    let config = Config::load(Some(&file), &std::collections::HashMap::new()).unwrap();
    let projects = stackone_processor::application::projects(&config).unwrap();
    let settings = config.settings.resync();
    resync::run(&settings, projects.get(0).unwrap(), stop, told).await
}

/// What was healed is as it was confirmed: nothing is looked up.
async fn a_second_run_finds_nothing(pipeline: &Pipeline, admin: &str) {
    let lookups = "stackone_processor_lookups_total";
    let markers = "stackone_processor_records_total{disposition=\"skipped\",reason=\"marker\"}";
    // Else some of the first run's may come later.
    assert_conserved(admin).await;
    // What it compares with, and a transaction may have ended on other topics first.
    pipeline.reader(Topic::State).read_all_committed().await;
    let before = Metrics::of(admin).await.unwrap().sum(lookups);
    resync(pipeline).await;
    let taken_in = eventually("the second run is taken in", WITHIN, async || {
        let metrics = Metrics::of(admin)
            .await
            .map_err(|error| error.to_string())?;
        let seen = metrics.get(markers);
        // Two for each run and each of the three partitions.
        if seen > 11.5 {
            Ok(metrics)
        } else {
            Err(format!("{seen} markers"))
        }
    });
    let after = taken_in.await.unwrap().sum(lookups);
    assert!(
        (after - before).abs() < 0.5,
        "{before} lookups before, {after} after"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lost_webhook_is_healed_and_what_is_known_is_left_alone() {
    let (pipeline, processor) = Pipeline::at_work_with("resync", PipelineSettings::default()).await;
    let simulator = &pipeline.simulator;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let link = |n: usize| pipeline.link(&format!("t{n}"));
    let [known, degraded, unlinked, refreshed] = [0, 1, 2, 3].map(link);
    lifecycle.events(4).await;
    // None of these is told.
    let lost = NewAccount {
        notify: Notify::Silent,
        ..NewAccount::new("bamboohr", "t9", "Acme")
    };
    let lost = simulator.link(&lost).unwrap();
    simulator
        .set_status(&degraded, Status::Error, Vec::new(), Notify::Silent)
        .unwrap();
    simulator.unlink(&unlinked, Notify::Silent).unwrap();
    simulator
        .refresh_credentials(&refreshed, Notify::Silent)
        .unwrap();

    let summary = resync(&pipeline).await;
    assert_eq!((summary.listed, summary.is_complete), (4, true));
    let records = lifecycle.events(8).await.to_vec();
    for (id, last) in [
        (&lost, "linked"),
        (&degraded, "degraded"),
        (&unlinked, "unlinked"),
        (&refreshed, "refreshed"),
    ] {
        assert_eq!(
            story_of(id.as_str(), &records).pop(),
            Some(format!("account.{last}"))
        );
    }
    assert_story(&records, known.as_str(), ["linked"]);
    a_second_run_finds_nothing(&pipeline, &processor.admin).await;
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 8);
    pipeline.stop().await.unwrap();
}
