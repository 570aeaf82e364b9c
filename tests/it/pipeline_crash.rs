//! A processor that is killed: what a `read_committed` reader sees is as if it had not been.

use std::collections::HashSet;
use std::time::Duration;

use harness::{Pipeline, PipelineSettings, WITHIN, states, story_of, transitions};
use stackone_link_transport::Topic;
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_processor-under-test");
const ROUNDS: usize = 6;
const ACCOUNTS_A_ROUND: usize = 5;

/// Links accounts and changes all there are; webhooks are on Kafka when it returns.
async fn stir(pipeline: &Pipeline, ids: &mut Vec<AccountId>) {
    for id in ids.iter() {
        pipeline
            .simulator
            .refresh_credentials(id, Notify::Send)
            .unwrap();
    }
    for number in 0..ACCOUNTS_A_ROUND {
        let owner = format!("tenant-{}-{number}", ids.len());
        ids.push(
            pipeline
                .simulator
                .link(&NewAccount::new("bamboohr", &owner, "Acme"))
                .unwrap(),
        );
    }
    pipeline.simulator.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_is_seen_once_although_the_processor_is_killed_before_and_after_commits() {
    let pipeline = Pipeline::start("killed").await.unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let latency = Fault::Latency {
        delay: Duration::from_millis(200),
    };
    pipeline
        .simulator
        .faults()
        .set(FaultRule::always(latency))
        .unwrap();
    let mut ids = Vec::new();
    for round in 0..ROUNDS {
        let processor = pipeline.processor_process(PROGRAM, "a").await.unwrap();
        let before = lifecycle.records().len();
        // Someone is being looked up and something was committed when it dies; every other time nothing of the last
        // change was committed yet.
        stir(&pipeline, &mut ids).await;
        lifecycle
            .read_until(WITHIN, |records| records.len() > before)
            .await;
        if round % 2 == 0 {
            stir(&pipeline, &mut ids).await;
        }
        processor.kill().await.unwrap();
    }
    stir(&pipeline, &mut ids).await;
    let last = pipeline.processor_process(PROGRAM, "a").await.unwrap();
    let newest = |id: &AccountId| pipeline.simulator.account(id).unwrap().updated_at;
    let records = lifecycle
        .read_until(Duration::from_secs(120), |records| {
            ids.iter().all(|id| {
                let mut of_account = transitions(records)
                    .into_iter()
                    .filter(|event| event.account_id.as_str() == id.as_str());
                of_account
                    .next_back()
                    .and_then(|event| event.account?.updated_at)
                    == Some(newest(id))
            })
        })
        .await;
    for id in &ids {
        let story = story_of(id.as_str(), records);
        assert_eq!(story[0], "account.linked");
        assert!(
            story[1..].iter().all(|kind| kind == "account.refreshed"),
            "{story:?}"
        );
    }
    let unique: HashSet<_> = transitions(records).iter().map(|event| event.id).collect();
    assert_eq!(unique.len(), records.len(), "no transition is seen twice");
    assert!(last.terminate().await.unwrap().success());
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_when_it_was_killed_is_decided_by_the_next() {
    let settings = PipelineSettings {
        activation_grace: Duration::from_secs(20),
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with("killed-pending", settings).await.unwrap();
    let first = pipeline.processor_process(PROGRAM, "a").await.unwrap();
    let new = NewAccount {
        status: Status::Inactive,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let id = pipeline.simulator.link(&new).unwrap();
    let mut state = pipeline.reader(Topic::State);
    state
        .read_until(WITHIN, |records| {
            states(records)
                .get(id.as_str())
                .is_some_and(|state| state.pending.is_some())
        })
        .await;
    first.kill().await.unwrap();
    // Silent: nothing but the pending state tells the next processor to look.
    pipeline
        .simulator
        .set_status(&id, Status::Active, Vec::new(), Notify::Silent)
        .unwrap();
    let second = pipeline.processor_process(PROGRAM, "a").await.unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle
        .read_until(WITHIN, |records| !records.is_empty())
        .await;
    assert_eq!(story_of(id.as_str(), records), ["account.linked"]);
    assert_eq!(transitions(records)[0].caused_by_total, 1);
    assert!(second.terminate().await.unwrap().success());
    pipeline.stop().await.unwrap();
}
