//! Many accounts are confirmed with few requests, and rightly whatever the list does.

use std::num::NonZeroU32;

use harness::{
    Metrics, PROJECT, Pipeline, PipelineSettings, WITHIN, assert_story, eventually, story_of,
};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, Fault, FaultRule, Notify, Operation};

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
    let settings = PipelineSettings {
        requests_per_minute: NonZeroU32::new(requests_per_minute).unwrap(),
        // An answer that is late on a busy machine would be asked for again, and requests are
        // counted.
        lookup_timeout: WITHIN,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with(test, settings).await.unwrap();
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
async fn an_account_that_nobody_asked_for_is_passed_over_and_those_asked_for_are_confirmed() {
    let rules = [list(FaultRule::always(Fault::ExtraAccount))];
    let (pipeline, ids) = many_that_wait("extra", 600, &rules).await;
    let processor = pipeline.processor_process("a").await;
    all_are_linked(&pipeline, &ids).await;
    let (_, lists) = requests(&pipeline);
    assert!((1..=5).contains(&lists), "{lists} lists");
    let told = processor.logged("the list shows accounts that were not asked for");
    assert!(!told.is_empty() && told[0].contains(PROJECT), "{told:?}");
    let states = pipeline.all(Topic::State).await;
    let is_known = |key: &str| ids.iter().any(|id| id.as_str() == key);
    for state in &states {
        assert!(
            state.key.as_deref().is_some_and(is_known),
            "{:?}",
            state.key
        );
    }
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

/// A list that fails costs no account one of its attempts.
async fn a_list_that_fails(test: &str, fault: Fault) {
    let rules = [list(FaultRule::always(fault))];
    let (pipeline, ids) = many_that_wait(test, 600, &rules).await;
    let processor = pipeline.processor("a").unwrap();
    all_are_linked(&pipeline, &ids).await;
    let (gets, lists) = requests(&pipeline);
    assert!((1..=5).contains(&lists), "{lists} lists");
    assert_eq!(gets, ACCOUNTS, "each account once");
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_lists_are_rejected_all_are_confirmed_one_by_one() {
    a_list_that_fails("rejected", Fault::status(400)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_lists_are_garbage_all_are_confirmed_one_by_one() {
    a_list_that_fails("garbage", Fault::TruncatedJson).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_fail_for_a_moment_lose_nothing() {
    let failing = [
        Fault::status(503),
        Fault::too_many_requests(1),
        Fault::status(401),
    ];
    let rules = failing.map(|fault| list(FaultRule::next(1, fault)));
    let (pipeline, ids) = many_that_wait("moment", 300, &rules).await;
    let processor = pipeline.processor("a").unwrap();
    all_are_linked(&pipeline, &ids).await;
    let (gets, lists) = requests(&pipeline);
    assert!(
        lists >= 5 && gets + lists <= ACCOUNTS / 2,
        "{gets} single lookups, {lists} lists"
    );
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_list_leaves_out_is_asked_for_alone() {
    let (pipeline, ids) = many_that_wait("missing", 300, &[]).await;
    let gone: Vec<_> = ids.iter().step_by(20).collect();
    for id in &gone {
        pipeline.simulator.unlink(id, Notify::Silent).unwrap();
    }
    let failed = ids.last().unwrap();
    let status = Status::Error;
    pipeline
        .simulator
        .set_status(failed, status, Vec::new(), Notify::Silent)
        .unwrap();
    let processor = pipeline.processor("a").unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let there = ids.len() - gone.len();
    let records = lifecycle.at_least(there).await;
    for id in &ids {
        let expected: &[&str] = if gone.contains(&id) {
            &[]
        } else if id == failed {
            &["account.link_failed"]
        } else {
            &["account.linked"]
        };
        assert_eq!(story_of(id.as_str(), records), expected, "{id}");
    }
    let settled = eventually("all are decided", WITHIN, async || {
        let metrics = Metrics::of(&processor.admin)
            .await
            .map_err(|error| error.to_string())?;
        let vanished = metrics
            .get("stackone_processor_records_total{disposition=\"skipped\",reason=\"vanished\"}");
        (vanished > 5.5)
            .then_some(())
            .ok_or_else(|| vanished.to_string())
    });
    settled.await.unwrap();
    let (gets, lists) = requests(&pipeline);
    assert!(
        gets + lists < ACCOUNTS,
        "{gets} single lookups, {lists} lists"
    );
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
