//! A project whose accounts pile up takes no more memory than it may, and holds nobody else up.

use std::num::NonZeroUsize;

use harness::{
    Metrics, OTHER_PROJECT, PROJECT, Pipeline, ProcessorInProcess, WITHIN, assert_story,
    eventually, story_of, transitions,
};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, Fault, FaultRule, NewAccount};

use crate::pipeline_dead_letters::assert_conserved;

/// Accounts that may wait in memory, and so many that do not.
const ROOM: usize = 5;
const MANY: usize = 40;

fn link(pipeline: &Pipeline, project: &str) -> AccountId {
    let new = NewAccount {
        project_id: Some(project.to_owned()),
        ..NewAccount::new("hibob", "t", "Acme")
    };
    pipeline.simulator.link(&new).unwrap()
}

async fn until(processor: &ProcessorInProcess, gauge: &str, is_so: impl Fn(f64) -> bool) {
    let sample = format!("stackone_processor_{gauge}{{project=\"{PROJECT}\"}}");
    let reached = eventually(gauge, WITHIN, async || {
        let metrics = Metrics::of(&processor.admin).await;
        let seen = metrics.map_err(|error| error.to_string())?.get(&sample);
        if is_so(seen) {
            Ok(())
        } else {
            Err(seen.to_string())
        }
    });
    reached.await.unwrap();
}

/// Everything of the project waits, and little of it in memory.
async fn piled_up(processor: &ProcessorInProcess) {
    let many = f64::from(u32::try_from(MANY).unwrap());
    until(processor, "pending_accounts", |seen| {
        (seen - many).abs() < 0.5
    })
    .await;
    // What is due is in memory while it is looked up.
    until(processor, "overflow_accounts", |seen| seen > many / 2.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_over_the_limit_waits_in_the_state_topic_and_holds_up_no_other_project() {
    let mut pipeline = Pipeline::start("backlog").await;
    pipeline.settings.limits.max_pending_accounts = NonZeroUsize::new(ROOM).unwrap();
    pipeline.add_other_project();
    let first = pipeline.processor("a").unwrap();
    let faults = pipeline.simulator.faults();
    let outage = faults.set(FaultRule::always(Fault::status(503)).for_project(PROJECT));
    let ids: Vec<AccountId> = (0..MANY).map(|_| link(&pipeline, PROJECT)).collect();
    piled_up(&first).await;
    // The same partitions, and another project: its accounts do not wait.
    let others: Vec<AccountId> = (0..10).map(|_| link(&pipeline, OTHER_PROJECT)).collect();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(others.len()).await;
    for id in &others {
        assert_story(records, id.as_str(), ["linked"]);
    }
    // Further triggers of accounts that wait are taken in, and the next processor finds all of
    // them.
    for id in &ids {
        pipeline.refresh(id);
    }
    pipeline.simulator.settled().await;
    piled_up(&first).await;
    first.stop().await.unwrap();
    let second = pipeline.processor("a").unwrap();
    piled_up(&second).await;

    faults.clear(outage.unwrap());
    let is_decided = |id: &AccountId, records: &[harness::ReadRecord]| {
        let of_account = transitions(records)
            .into_iter()
            .filter(|event| event.account_id.as_str() == id.as_str());
        of_account.map(|event| event.caused_by_total).sum::<u64>() == 2
    };
    let records = lifecycle
        .read_until(WITHIN, |records| {
            ids.iter().all(|id| is_decided(id, records))
        })
        .await;
    for id in &ids {
        assert_eq!(story_of(id.as_str(), records)[0], "account.linked");
    }
    until(&second, "overflow_accounts", |seen| seen < 0.5).await;
    assert_conserved(&second.admin).await;
    assert!(pipeline.all(Topic::DeadLetter).await.is_empty());
    second.stop_with(pipeline).await;
}
