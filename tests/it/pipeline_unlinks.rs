//! Where more accounts vanish than can be believed, none is unlinked until they answer again or an
//! operator says so.

use std::collections::HashMap;
use std::time::Duration;

use harness::{
    Metrics, PROJECT, Pipeline, ProcessorInProcess, ReadRecord, TopicReader, assert_story,
    metric_is, transitions,
};
use jiff::Timestamp;
use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;
use stackone_processor::config::Config;
use stackone_processor_cli::commands::unlinks::{self, UnlinksCommand};
use stackone_simulator::{AccountId, Fault, FaultId, FaultRule, Notify, Operation};

use crate::pipeline_dead_letters::assert_conserved;

/// Two more than a project may lose within an hour.
const MANY: usize = 12;

fn link(pipeline: &Pipeline, number: usize) -> AccountId {
    pipeline.link(&format!("t{number}"))
}

/// Every account answers as another project's accounts do: alone with 404, and a list does not show
/// it.
fn all_vanish(pipeline: &Pipeline) -> [FaultId; 2] {
    let alone = FaultRule::always(Fault::status(404)).for_operation(Operation::Get);
    let listed = FaultRule::always(Fault::CapPage { accounts: 0 }).for_operation(Operation::List);
    [alone, listed].map(|rule| pipeline.fault(rule))
}

/// The key is the right one again.
fn all_answer(pipeline: &Pipeline, wrong_key: [FaultId; 2]) {
    for fault in wrong_key {
        assert!(pipeline.simulator.faults().clear(fault));
    }
}

/// Links many accounts, then has each looked up while all answer 404.
async fn with_many_vanished(
    test: &str,
) -> (Pipeline, ProcessorInProcess, Vec<AccountId>, [FaultId; 2]) {
    let mut pipeline = Pipeline::start(test).await;
    // Long enough to have all of them doubted before the first may be unlinked.
    pipeline.settings.reconcile.vanish_grace = Duration::from_secs(8);
    let processor = pipeline.processor("a").unwrap();
    let ids: Vec<AccountId> = (0..MANY).map(|number| link(&pipeline, number)).collect();
    emitted(&pipeline, MANY).await;
    let wrong_key = all_vanish(&pipeline);
    for id in &ids {
        let told = pipeline.simulator.refresh_credentials(id, Notify::Send);
        told.unwrap();
    }
    held(&processor, MANY).await;
    (pipeline, processor, ids, wrong_key)
}

async fn emitted(pipeline: &Pipeline, count: usize) -> Vec<ReadRecord> {
    let mut lifecycle: TopicReader = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(count);
    records.await.to_vec()
}

async fn held(processor: &ProcessorInProcess, count: usize) {
    let held = format!("stackone_processor_unlinks_held{{project=\"{PROJECT}\"}}");
    let count = f64::from(u32::try_from(count).unwrap());
    metric_is(&processor.admin, &held, |seen| (seen - count).abs() < 0.5)
        .await
        .unwrap();
}

/// Waits until so many lookups of a processor were answered with 404.
async fn looked_up(processor: &ProcessorInProcess, count: usize) {
    let lookups = "stackone_processor_lookups_total";
    let not_found = format!("{lookups}{{outcome=\"not_found\",project=\"{PROJECT}\"}}");
    let count = f64::from(u32::try_from(count).unwrap());
    metric_is(&processor.admin, &not_found, |seen| seen > count - 0.5)
        .await
        .unwrap();
}

/// What `stackone-processor unlinks …` does; what it prints.
async fn command(pipeline: &Pipeline, command: UnlinksCommand) -> String {
    let file = pipeline.processor_file("unlinks").unwrap();
    let config = Config::load(Some(&file), &HashMap::new()).unwrap();
    let mut printed = Vec::new();
    unlinks::run(command, &config.settings, &mut printed)
        .await
        .unwrap();
    String::from_utf8(printed).unwrap()
}

async fn release(pipeline: &Pipeline) -> String {
    let project = PROJECT.to_owned();
    command(pipeline, UnlinksCommand::Release { project }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_that_vanish_are_held_over_a_restart_until_they_answer_again() {
    let (pipeline, first, ids, wrong_key) = with_many_vanished("held").await;
    // Each was looked up five times while it was doubted; more are looks at what is held.
    looked_up(&first, 7 * MANY).await;
    assert_conserved_but_for(&first, MANY).await;
    first.stop().await.unwrap();
    let second = pipeline.processor("a").unwrap();
    held(&second, MANY).await;
    looked_up(&second, 2 * MANY).await;
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), MANY);

    all_answer(&pipeline, wrong_key);
    let records = emitted(&pipeline, 2 * MANY).await;
    held(&second, 0).await;
    for id in &ids {
        assert_story(&records, id.as_str(), ["linked", "refreshed"]);
    }
    assert_conserved(&second.admin).await;
    second.stop().await.unwrap();
    assert_eq!(pipeline.all(Topic::Lifecycle).await.len(), 2 * MANY);
    pipeline.stop().await.unwrap();
}

/// What is held is neither lost nor decided.
async fn assert_conserved_but_for(processor: &ProcessorInProcess, pending: usize) {
    let metrics = Metrics::of(&processor.admin).await.unwrap();
    let count = |name: &str| metrics.sum(&format!("stackone_processor_{name}"));
    let open = count("records_consumed_total") - count("records_total");
    let pending = f64::from(u32::try_from(pending).unwrap());
    assert!(
        (open - pending).abs() < 0.5,
        "{open} undecided of {pending}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_releases_is_unlinked_once_on_a_fresh_404() {
    let (pipeline, processor, ids, wrong_key) = with_many_vanished("released").await;
    let list = UnlinksCommand::List {
        project: Some(PROJECT.to_owned()),
        json: false,
    };
    let listed = command(&pipeline, list).await;
    assert!(
        ids.iter().all(|id| listed.contains(id.as_str())),
        "{listed}"
    );
    // One has come back since it was last looked at: the operator's word alone must not unlink it.
    let (back, gone) = ids.split_first().unwrap();
    for id in gone {
        let rule = FaultRule::always(Fault::status(404)).for_account(id);
        pipeline.fault(rule);
    }
    all_answer(&pipeline, wrong_key);
    let said_at = Timestamp::now();
    let told = release(&pipeline).await;
    assert!(told.contains("all 3 partitions"), "{told}");

    let records = emitted(&pipeline, 2 * MANY).await;
    for id in gone {
        assert_story(&records, id.as_str(), ["linked", "unlinked"]);
    }
    assert_story(&records, back.as_str(), ["linked", "refreshed"]);
    let unlinks = transitions(&records).into_iter();
    let mut unlinks = unlinks.filter(|event| event.event_type == LifecycleType::Unlinked);
    assert!(unlinks.all(|event| event.confirmed_at >= said_at));
    held(&processor, 0).await;
    // What was released does not count against what vanishes next.
    let next = link(&pipeline, MANY);
    emitted(&pipeline, 2 * MANY + 1).await;
    let rule = FaultRule::always(Fault::status(404)).for_account(&next);
    pipeline.fault(rule);
    let told = pipeline.simulator.refresh_credentials(&next, Notify::Send);
    told.unwrap();
    let records = emitted(&pipeline, 2 * MANY + 2).await;
    assert_story(&records, next.as_str(), ["linked", "unlinked"]);
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
