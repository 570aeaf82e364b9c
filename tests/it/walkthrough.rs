//! The records and log lines of docs/walkthroughs/one-account.md: of a real run, told again by
//! each.

mod page;

use std::time::Duration;

use harness::{Disturbance, Pipeline, ReadRecord, ServiceProcess, Setup, Step, WITHIN, story_of};
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};
use stackone_link_wire::Topic;
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, StatusReason,
};

use page::Page;

const LINKED: &str = "account.linked";

/// One partition, so that all of it goes to one processor at a time.
async fn pipeline() -> Pipeline {
    let mut pipeline = Pipeline::with("walkthrough", Setup::partitions(1)).await;
    pipeline.settings.transactions.timeout = Duration::from_secs(60);
    // Nothing is to be said of a lookup before the first processor is stopped.
    pipeline.settings.lookups.timeout = Duration::from_secs(60);
    pipeline
}

/// The first record of a topic that fits.
async fn record(
    pipeline: &Pipeline,
    topic: Topic,
    fits: impl Fn(&ReadRecord) -> bool,
) -> ReadRecord {
    let mut reader = pipeline.reader(topic);
    let records = reader
        .read_until(WITHIN, |records| records.iter().any(&fits))
        .await;
    records.iter().find(|record| fits(record)).unwrap().clone()
}

async fn state(pipeline: &Pipeline, fits: impl Fn(&AccountState) -> bool) -> ReadRecord {
    record(pipeline, Topic::State, |record| {
        !record.value.is_empty() && fits(&record.json())
    })
    .await
}

async fn event(pipeline: &Pipeline, event_type: &str) -> ReadRecord {
    record(pipeline, Topic::Lifecycle, |record| {
        let event: AccountLifecycleEvent = record.json();
        event.event_type.to_string() == event_type
    })
    .await
}

/// The account waits for an API that does not answer, and its processor is restarted.
async fn waits(pipeline: &Pipeline, page: &mut Page) -> AccountId {
    let first = pipeline.processor_process("a").await;
    let faults = pipeline.simulator.faults();
    let hang = faults.set(FaultRule::always(Fault::Hang)).unwrap();
    let new = NewAccount::new("bamboohr", "tenant-1", "Acme");
    let id = pipeline.simulator.link(&new).unwrap();
    page.names(&id);
    page.record(
        "webhook",
        &record(pipeline, Topic::AccountEvents, |_| true).await,
    );
    let pending = state(pipeline, |state| state.pending.is_some()).await;
    page.record("pending", &pending);
    let lines = first.stop().await;
    page.log(
        "restart",
        &lines,
        &["partitions assigned", "partition restored", "stopping:"],
    );
    assert!(faults.clear(hang));
    id
}

/// The next one sleeps in the transaction that would tell of the account; a third takes over.
async fn is_taken_over(pipeline: &Pipeline, page: &mut Page) -> ServiceProcess {
    let disturbance = Disturbance {
        is_held_before: Some((Step::SendOffsets, LINKED)),
        ..Disturbance::default()
    };
    let zombie = pipeline.disturbed_process("b", disturbance).await;
    zombie.falls_asleep().await;
    page.log("taken-up", &zombie.logged(""), &["partition restored"]);
    let successor = pipeline.processor_process("c").await;
    successor.says("waiting for an open transaction").await;
    zombie.wake().await;
    zombie.says("transaction aborted").await;
    page.log("aborted", &zombie.logged(""), &["transaction aborted"]);
    page.record("event", &event(pipeline, LINKED).await);
    successor.says("emitted").await;
    let lines = [
        "partitions assigned",
        "restore: waiting for an open transaction",
        "partition restored",
        "emitted",
    ];
    page.log("taken-over", &successor.logged(""), &lines);
    page.record("state", &state(pipeline, |state| state.version == 1).await);
    zombie.stop().await;
    successor
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_one_account_shows_what_is_really_seen() {
    let pipeline = pipeline().await;
    let mut page = Page::of(&pipeline);
    let id = waits(&pipeline, &mut page).await;
    let successor = is_taken_over(&pipeline, &mut page).await;
    let reason = StatusReason::new("401", "Provider rejected the stored credentials");
    let simulator = &pipeline.simulator;
    simulator
        .set_status(&id, Status::Error, vec![reason], Notify::Send)
        .unwrap();
    page.record("degraded", &event(&pipeline, "account.degraded").await);
    simulator.unlink(&id, Notify::Send).unwrap();
    page.record("unlinked", &event(&pipeline, "account.unlinked").await);
    let events = pipeline.all(Topic::Lifecycle).await;
    let story = story_of(id.as_str(), &events);
    assert_eq!(story, [LINKED, "account.degraded", "account.unlinked"]);
    successor.stop_with(pipeline).await;
    page.holds();
}
