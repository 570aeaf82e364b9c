//! An API key is rotated without a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{API_KEY, Metrics, PROJECT, Pipeline, ReadRecord, WITHIN, eventually, story_of};
use stackone_link_wire::Topic;
use stackone_simulator::NewAccount;

use crate::pipeline_dead_letters::assert_conserved;

/// Less than the 30 s between two probes of a refused key, by what it takes to write the new one
/// after a probe; and long for a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Links an account and says whether the project is halted because its key is refused.
async fn link_and_look(pipeline: &Pipeline, admin: &str, linked: &mut BTreeSet<String>) -> bool {
    let id = pipeline.link("t");
    linked.insert(id.as_str().to_owned());
    let metrics = Metrics::of(admin).await.unwrap();
    let labels = format!("{{project=\"{PROJECT}\",reason=\"refused\"}}");
    metrics.get(&format!("stackone_processor_project_halted{labels}")) > 0.5
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_replaced_under_load_is_used_at_once_and_nothing_is_put_aside() {
    let (pipeline, processor) = Pipeline::at_work("keys").await;
    let admin = &processor.admin;
    let mut linked = BTreeSet::new();
    for _ in 0..20 {
        assert!(!link_and_look(&pipeline, admin, &mut linked).await);
    }
    pipeline.set_api_key("v1.eu1.revoked\n").unwrap();
    let halted = eventually("the key is refused", WITHIN, async || match link_and_look(
        &pipeline,
        admin,
        &mut linked,
    )
    .await
    {
        true => Ok(()),
        false => Err("the project goes on"),
    });
    halted.await.unwrap();

    pipeline.set_api_key(&format!("{API_KEY}\n")).unwrap();
    let goes_on = eventually("the new key is probed", SOON, async || match link_and_look(
        &pipeline,
        admin,
        &mut linked,
    )
    .await
    {
        true => Err("the project is halted"),
        false => Ok(()),
    });
    goes_on.await.unwrap();
    let keys = |records: &[ReadRecord]| -> BTreeSet<String> {
        records
            .iter()
            .filter_map(|record| record.key.clone())
            .collect()
    };
    let mut topic = pipeline.reader(Topic::Linked);
    let records = topic.events(linked.len()).await;
    assert_eq!(keys(records), linked);
    assert!(pipeline.all(Topic::DeadLetter).await.is_empty());
    assert_conserved(admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_rotated_while_both_are_valid_is_never_refused() {
    let pipeline = Pipeline::start("rotated").await;
    let processor = pipeline.processor_process("a").await;
    let simulator = &pipeline.simulator;
    let link = |n: usize| {
        let new = NewAccount::new("hibob", &format!("t{n}"), "Acme");
        simulator.link(&new).unwrap()
    };
    let ids: Vec<_> = (0..20).map(link).collect();
    let refresh_all = || {
        ids.iter().for_each(|id| pipeline.refresh(id));
    };
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(20).await;
    let new_key = "v1.eu1.new";
    simulator
        .set_api_keys(PROJECT, &[API_KEY, new_key])
        .unwrap();
    refresh_all();
    pipeline.set_api_key(new_key).unwrap();
    processor.says("the API key has changed").await;
    lifecycle.events(40).await;
    simulator.set_api_keys(PROJECT, &[new_key]).unwrap();
    refresh_all();
    let records = lifecycle.events(60).await;
    for id in &ids {
        let story = ["account.linked", "account.refreshed", "account.refreshed"];
        assert_eq!(story_of(id.as_str(), records), story);
    }
    let requests = simulator.api_requests();
    assert!(
        requests.iter().all(|kind| kind.status == 200),
        "{requests:?}"
    );
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
