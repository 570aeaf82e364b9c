//! A broker that does not answer, in the middle of everything.

use std::time::Duration;

use harness::{
    Broker, DedicatedBroker, Disturbance, Metrics, Pipeline, Setup, Step, WITHIN, assert_story,
    eventually, metric_is,
};
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule};

use crate::exactly_once::{judge, link_all, stir};
use crate::pipeline_dead_letters::assert_conserved;

/// Longer than a transaction, its abort and a new producer may take together.
pub(crate) const OUTAGE: Duration = Duration::from_secs(150);

/// Waits until a transaction of the processor has failed.
pub(crate) async fn a_transaction_failed(admin: &str) {
    let failed = eventually("a transaction failed", OUTAGE, async || {
        let metrics = Metrics::of(admin).await;
        let metrics = metrics.map_err(|error| error.to_string())?;
        let count = |outcome| {
            let of = format!("{{outcome=\"{outcome}\"}}");
            metrics.get(&format!("stackone_processor_transactions_total{of}"))
        };
        let has_failed = count("aborted") + count("fatal") > 0.5;
        has_failed.then_some(()).ok_or("none yet".to_owned())
    });
    failed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stops_answering_in_the_middle_of_a_transaction_costs_time_and_nothing_else()
{
    let dedicated = DedicatedBroker::start().await.unwrap();
    let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
    let mut pipeline = Pipeline::on(broker, "outage", Setup::default()).await;
    pipeline.settings.lookups.timeout = WITHIN;
    let processor = pipeline.processor("a").unwrap();
    let link = |n: usize| pipeline.link(&format!("t{n}"));
    let mut ids: Vec<_> = (0..3).map(link).collect();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(3).await;
    // The answers come when the broker is gone, and are committed by a transaction that it never
    // answers.
    let faults = pipeline.simulator.faults();
    let held = faults.set(FaultRule::always(Fault::Hang)).unwrap();
    ids.extend((3..8).map(link));
    pipeline.simulator.settled().await;
    let asked = "stackone_processor_lookups_in_flight";
    metric_is(&processor.admin, asked, |lookups| lookups > 0.5)
        .await
        .unwrap();
    dedicated.pause().await.unwrap();
    assert!(faults.clear(held));
    a_transaction_failed(&processor.admin).await;
    dedicated.unpause().await.unwrap();
    let records = lifecycle
        .read_until(OUTAGE, |records| records.len() == 8)
        .await;
    for id in &ids {
        assert_story(records, id.as_str(), ["linked"]);
    }
    processor.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 8);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_and_returns_in_the_middle_of_a_transaction_costs_time_and_nothing_else()
{
    let dedicated = DedicatedBroker::start().await.unwrap();
    let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
    let mut pipeline = Pipeline::on(broker, "broker-dies", Setup::default()).await;
    pipeline.settings.transactions.timeout = Duration::from_secs(60);
    let disturbance = Disturbance {
        is_held_before: Some((Step::Commit, "account.refreshed")),
        ..Disturbance::default()
    };
    let processor = pipeline.disturbed_process("a", disturbance).await;
    let ids = link_all(&pipeline.simulator, 6).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(ids.len()).await;
    stir(&pipeline.simulator, &ids).await;
    processor.falls_asleep().await;
    dedicated.kill().await.unwrap();
    dedicated.start_again().await.unwrap();
    processor.wake().await;
    stir(&pipeline.simulator, &ids).await;
    judge(&pipeline, &ids).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
