//! Many accounts are confirmed with few requests, and rightly whatever the list does.

use std::num::NonZeroU32;

use harness::{Metrics, PROJECT, Pipeline, WITHIN, assert_story, eventually};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, Fault, FaultRule, Operation};

use crate::pipeline_dead_letters::assert_conserved;

/// More than are asked for at once, and than a page has.
const ACCOUNTS: u64 = 120;

/// A pipeline whose budget is the bottleneck, without a processor, and the accounts that wait for
/// one.
async fn many_that_wait(
    test: &str,
    requests_per_minute: u32,
    rules: &[FaultRule],
) -> (Pipeline, Vec<AccountId>) {
    let mut pipeline = Pipeline::start(test).await;
    pipeline.settings.projects[0].requests_per_minute =
        NonZeroU32::new(requests_per_minute).unwrap();
    // An answer that is late on a busy machine would be asked for again, and requests are
    // counted.
    pipeline.settings.lookups.timeout = WITHIN;
    let link = |number| pipeline.link(&format!("t{number}"));
    let ids = (0..ACCOUNTS).map(link).collect();
    pipeline.simulator.settled().await;
    for rule in rules {
        let faults = pipeline.simulator.faults();
        faults.set(rule.clone()).unwrap();
    }
    (pipeline, ids)
}

/// Waits until each account is linked, once and as it is.
async fn all_are_linked(pipeline: &Pipeline, ids: &[AccountId]) {
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.at_least(ids.len()).await;
    for id in ids {
        assert_story(records, id.as_str(), ["linked"]);
        let event: stackone_link_schemas::AccountLifecycleEvent = records
            .iter()
            .find(|record| record.key.as_deref() == Some(id.as_str()))
            .unwrap()
            .json();
        let owner = pipeline.simulator.account(id).unwrap().origin_owner_id;
        assert_eq!(event.account.unwrap().origin_owner_id, owner);
    }
    let dead = pipeline.all(Topic::DeadLetter).await;
    assert!(dead.is_empty());
}

/// Requests for single accounts and for lists that the simulator answered.
fn requests(pipeline: &Pipeline) -> (u64, u64) {
    let counts = pipeline.simulator.api_requests();
    let of = |operation| {
        let counts = counts.iter().filter(|count| count.operation == operation);
        counts.map(|count| count.count).sum()
    };
    (of(Operation::Get), of(Operation::List))
}

fn list(rule: FaultRule) -> FaultRule {
    rule.for_operation(Operation::List)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_are_confirmed_with_few_requests_in_any_order_and_shape() {
    let rules = [
        list(FaultRule::next(1, Fault::ReverseList)),
        list(FaultRule::next(1, Fault::OtherShape)),
    ];
    let (pipeline, ids) = many_that_wait("batches", 300, &rules).await;
    let processor = pipeline.processor("a").unwrap();
    all_are_linked(&pipeline, &ids).await;
    let (gets, lists) = requests(&pipeline);
    assert!(
        lists >= 2 && gets + lists <= ACCOUNTS / 2,
        "{gets} single lookups, {lists} lists"
    );
    let metrics = Metrics::of(&processor.admin).await.unwrap();
    let looked_up = metrics.sum("stackone_processor_lookups_total");
    assert!((looked_up - 120.0).abs() < 0.5, "{looked_up} lookups");
    let asked = metrics.sum("stackone_processor_api_requests_total");
    let asked_here = f64::from(u32::try_from(gets + lists).unwrap());
    assert!((asked - asked_here).abs() < 0.5, "a batch is one request");
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_filter_is_ignored_all_are_confirmed_one_by_one_and_it_is_told() {
    let rules = [list(FaultRule::always(Fault::IgnoreQuery))];
    let (pipeline, ids) = many_that_wait("ignored", 600, &rules).await;
    let processor = pipeline.processor_process("a").await;
    all_are_linked(&pipeline, &ids).await;
    let (gets, lists) = requests(&pipeline);
    assert!(
        lists <= 5 && gets >= 60,
        "{gets} single lookups, {lists} lists"
    );
    let told = processor.logged("the list shows accounts that were not asked for");
    // Each list shows them; how many lines that makes depends on when the others come.
    assert!(!told.is_empty() && told[0].contains(PROJECT), "{told:?}");
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_page_is_capped_no_more_are_asked_for_than_it_shows() {
    let rules = [list(FaultRule::always(Fault::CapPage { accounts: 7 }))];
    let (pipeline, ids) = many_that_wait("capped", 300, &rules).await;
    let processor = pipeline.processor("a").unwrap();
    all_are_linked(&pipeline, &ids).await;
    let (gets, lists) = requests(&pipeline);
    assert!(
        lists >= 10 && gets + lists <= ACCOUNTS / 2,
        "{gets} single lookups, {lists} lists"
    );
    let limit = format!("stackone_processor_batch_limit_accounts{{project=\"{PROJECT}\"}}");
    let is_known = eventually("the cap is known", WITHIN, async || {
        let metrics = Metrics::of(&processor.admin)
            .await
            .map_err(|error| error.to_string())?;
        let most = metrics.get(&limit);
        ((most - 7.0).abs() < 0.5)
            .then_some(())
            .ok_or_else(|| most.to_string())
    });
    is_known.await.unwrap();
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
