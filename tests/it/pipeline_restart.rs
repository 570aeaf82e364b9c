//! A processor that stops hands on what it knows.

use std::time::Duration;

use harness::{
    Metrics, Pipeline, PipelineSettings, ReadRecord, WITHIN, assert_story, states, transitions,
};
use stackone_link_schemas::{Grace, GraceKind};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountStatus as Status, Fault, FaultRule, NewAccount};

use crate::pipeline_dead_letters::assert_conserved;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was_and_repeats_nothing() {
    let (pipeline, first) = Pipeline::at_work("restart").await;
    let simulator = &pipeline.simulator;
    let ids: Vec<_> = (0..5).map(|n| pipeline.link(&format!("t{n}"))).collect();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(5).await;
    first.stop().await.unwrap();
    for id in &ids {
        pipeline.refresh(id);
    }
    simulator.settled().await;
    let second = pipeline.processor("a").unwrap();
    let records = lifecycle.events(10).await;
    for id in &ids {
        assert_story(records, id.as_str(), ["linked", "refreshed"]);
    }
    assert_conserved(&second.admin).await;
    second.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 10);
    pipeline.stop().await.unwrap();
}

/// Waits until the state topic says that a grace period runs for the account, which was looked at
/// twice by then: how many looks a restart leaves time for depends on the machine.
async fn doubted(pipeline: &Pipeline, account: &str) -> Grace {
    let grace_of = |records: &[ReadRecord]| {
        let grace = states(records).get(account)?.pending.as_ref()?.grace?;
        (grace.answers >= 2).then_some(grace)
    };
    let mut state = pipeline.reader(Topic::State);
    let records = state
        .read_until(WITHIN, |records| grace_of(records).is_some())
        .await;
    grace_of(records).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_period_survives_a_restart_and_is_not_extended_by_it() {
    // It is stopped within that, also on a busy machine.
    let grace = Duration::from_secs(20);
    let settings = PipelineSettings {
        activation_grace: grace,
        ..PipelineSettings::default()
    };
    let (pipeline, first) = Pipeline::at_work_with("pending", settings).await;
    let simulator = &pipeline.simulator;
    let id = simulator
        .link(&NewAccount {
            status: Status::Inactive,
            ..NewAccount::new("hibob", "t", "Acme")
        })
        .unwrap();
    let began = doubted(&pipeline, id.as_str()).await;
    assert_eq!(began.kind, GraceKind::Activation);
    first.stop().await.unwrap();

    let second = pipeline.processor("a").unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let event = transitions(lifecycle.events(1).await).remove(0);
    assert_eq!(event.event_type.as_str(), "account.link_failed");
    let took = event.confirmed_at.duration_since(began.since);
    assert!(
        took >= jiff::SignedDuration::try_from(grace).unwrap(),
        "{took}"
    );
    assert_eq!(
        (event.caused_by_total, event.caused_by.len()),
        (1, 1),
        "its cause was handed on"
    );
    assert!(event.lookups >= 3, "lookups are counted over the restart");
    let metrics = Metrics::of(&second.admin).await.unwrap();
    assert!((metrics.get("stackone_processor_records_restored_total") - 1.0).abs() < 0.5);
    assert_conserved(&second.admin).await;
    pipeline.becomes(&id, Status::Active);
    let records = lifecycle.events(2).await;
    assert_story(records, id.as_str(), ["link_failed", "linked"]);
    second.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_waits_for_the_api_is_written_down_and_found_by_the_next() {
    let (pipeline, first) = Pipeline::at_work("waiting").await;
    let simulator = &pipeline.simulator;
    let hang = pipeline.fault(FaultRule::always(Fault::Hang));
    let id = pipeline.link("t");
    let is_written = |records: &[ReadRecord]| {
        let state = states(records).remove(id.as_str());
        state.is_some_and(|state| state.pending.is_some())
    };
    pipeline
        .reader(Topic::State)
        .read_until(WITHIN, is_written)
        .await;
    first.stop().await.unwrap();
    simulator.faults().clear(hang);
    let second = pipeline.processor("a").unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(1).await;
    assert_eq!(transitions(records)[0].caused_by_total, 1);
    assert_conserved(&second.admin).await;
    second.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 1);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processors_share_the_partitions_and_every_transition_is_seen_once() {
    let (pipeline, first) = Pipeline::at_work("two").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let link = |n: usize| pipeline.link(&format!("t{n}"));
    let mut ids: Vec<_> = (0..10).map(link).collect();
    lifecycle.events(10).await;
    let second = pipeline.processor("b").unwrap();
    ids.extend((10..30).map(link));
    lifecycle.events(30).await;
    first.stop().await.unwrap();
    ids.extend((30..40).map(link));
    let records = lifecycle.events(40).await;
    for id in &ids {
        assert_story(records, id.as_str(), ["linked"]);
    }
    second.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 40);
    pipeline.stop().await.unwrap();
}
