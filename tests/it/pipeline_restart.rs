//! A processor that stops hands on what it knows.

use std::collections::HashSet;
use std::time::Duration;

use harness::{Metrics, Pipeline, ReadRecord, WITHIN, assert_story, states, transitions};
use stackone_link_schemas::{AccountState, Grace, GraceKind};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountStatus as Status, NewAccount};

use crate::pipeline_dead_letters::assert_conserved;

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

/// Since when, by all states that were ever written, a grace period ran.
fn begins(states: &[ReadRecord]) -> HashSet<jiff::Timestamp> {
    let states = states.iter().filter(|record| !record.value.is_empty());
    let graces = states.filter_map(|record| record.json::<AccountState>().pending?.grace);
    graces.map(|grace| grace.since).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_period_survives_a_restart_and_is_not_extended_by_it() {
    // It is stopped within that, also on a busy machine.
    let grace = Duration::from_secs(20);
    let mut pipeline = Pipeline::start("pending").await;
    pipeline.settings.reconcile.activation_grace = grace;
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
    let begins = begins(&pipeline.all(Topic::State).await);
    assert_eq!(begins, HashSet::from([began.since]), "it was begun anew");
    let metrics = Metrics::of(&second.admin).await.unwrap();
    assert!((metrics.get("stackone_processor_records_restored_total") - 1.0).abs() < 0.5);
    assert_conserved(&second.admin).await;
    pipeline.becomes(&id, Status::Active);
    let records = lifecycle.events(2).await;
    assert_story(records, id.as_str(), ["link_failed", "linked"]);
    second.stop_with(pipeline).await;
}
