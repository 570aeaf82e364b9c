//! A processor that stops hands on what it knows.

use std::time::Duration;

use harness::{
    Metrics, Pipeline, PipelineSettings, ReadRecord, WITHIN, states, story_of, transitions,
};
use stackone_link_schemas::{Grace, GraceKind};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountStatus as Status, Fault, FaultRule, NewAccount, Notify};

use crate::pipeline_dead_letters::assert_conserved;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was_and_repeats_nothing() {
    let pipeline = Pipeline::start("restart").await.unwrap();
    let first = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let ids: Vec<_> = (0..5)
        .map(|n| {
            simulator
                .link(&NewAccount::new("hibob", &format!("t{n}"), "Acme"))
                .unwrap()
        })
        .collect();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle
        .read_until(WITHIN, |records| records.len() == 5)
        .await;
    first.stop().await.unwrap();
    for id in &ids {
        simulator.refresh_credentials(id, Notify::Send).unwrap();
    }
    simulator.settled().await;
    let second = pipeline.processor("a").unwrap();
    let records = lifecycle
        .read_until(WITHIN, |records| records.len() == 10)
        .await;
    for id in &ids {
        assert_eq!(
            story_of(id.as_str(), records),
            ["account.linked", "account.refreshed"]
        );
    }
    assert_conserved(&second.admin).await;
    second.stop().await.unwrap();
    assert_eq!(
        pipeline.reader(Topic::Lifecycle).read_to_end().await.len(),
        10
    );
    pipeline.stop().await.unwrap();
}

/// Waits until the state topic says that a grace period runs for the account, which was looked at twice by then: how many
/// looks a restart leaves time for depends on the machine.
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
    let grace = Duration::from_secs(12);
    let settings = PipelineSettings {
        activation_grace: grace,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with("pending", settings).await.unwrap();
    let first = pipeline.processor("a").unwrap();
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
    let event = transitions(
        lifecycle
            .read_until(WITHIN, |records| records.len() == 1)
            .await,
    )
    .remove(0);
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
    simulator
        .set_status(&id, Status::Active, Vec::new(), Notify::Send)
        .unwrap();
    let records = lifecycle
        .read_until(WITHIN, |records| records.len() == 2)
        .await;
    assert_eq!(
        story_of(id.as_str(), records),
        ["account.link_failed", "account.linked"]
    );
    second.stop().await.unwrap();
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_waits_for_the_api_is_written_down_and_found_by_the_next() {
    let pipeline = Pipeline::start("waiting").await.unwrap();
    let first = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let hang = simulator
        .faults()
        .set(FaultRule::always(Fault::Hang))
        .unwrap();
    let new = NewAccount::new("hibob", "t", "Acme");
    let id = simulator.link(&new).unwrap();
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
    let records = lifecycle
        .read_until(WITHIN, |records| records.len() == 1)
        .await;
    assert_eq!(transitions(records)[0].caused_by_total, 1);
    assert_conserved(&second.admin).await;
    second.stop().await.unwrap();
    assert_eq!(
        pipeline.reader(Topic::Lifecycle).read_to_end().await.len(),
        1
    );
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processors_share_the_partitions_and_every_transition_is_seen_once() {
    let pipeline = Pipeline::start("two").await.unwrap();
    let first = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let link = |n: usize| {
        simulator
            .link(&NewAccount::new("hibob", &format!("t{n}"), "Acme"))
            .unwrap()
    };
    let mut ids: Vec<_> = (0..10).map(link).collect();
    lifecycle
        .read_until(WITHIN, |records| records.len() == 10)
        .await;
    let second = pipeline.processor("b").unwrap();
    ids.extend((10..30).map(link));
    lifecycle
        .read_until(WITHIN, |records| records.len() == 30)
        .await;
    first.stop().await.unwrap();
    ids.extend((30..40).map(link));
    let records = lifecycle
        .read_until(WITHIN, |records| records.len() == 40)
        .await;
    for id in &ids {
        assert_eq!(story_of(id.as_str(), records), ["account.linked"]);
    }
    second.stop().await.unwrap();
    assert_eq!(
        pipeline.reader(Topic::Lifecycle).read_to_end().await.len(),
        40
    );
    pipeline.stop().await.unwrap();
}
