//! `stackone-processor explain`: where an account is, why, and what of it was not found.

mod limits;
mod unlooked;

use harness::{Isolation, PROJECT, Pipeline, TopicReader, WITHIN, ended, states};
use serde_json::Value;
use stackone_link_schemas::{AccountState, LastOutcome};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, CustomWebhook, Fault, FaultRule, Notify, Operation};
use tokio::process::Command;

fn command(pipeline: &Pipeline, arguments: &[&str]) -> Command {
    pipeline.command(&[&["explain"], arguments].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it says where all could be looked at.
async fn told(pipeline: &Pipeline, arguments: &[&str]) -> String {
    let output = ended(command(pipeline, arguments)).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let progress = text(&output.stderr);
    assert!(!progress.contains('%'), "nobody watches: {progress}");
    text(&output.stdout)
}

/// The same as JSON.
async fn document(pipeline: &Pipeline, arguments: &[&str]) -> Value {
    let told = told(pipeline, &[arguments, &["--json"]].concat()).await;
    assert_eq!(told.lines().count(), 1, "{told}");
    serde_json::from_str(&told).unwrap()
}

/// The only line that begins with these words and has all of those.
fn assert_line(told: &str, begins: [&str; 2], has: &[&str]) {
    let is_it = |line: &&str| {
        let rest = line.strip_prefix(begins[0]).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(begins[1]))
            && has.iter().all(|word| line.contains(word))
    };
    assert_eq!(
        told.lines().filter(is_it).count(),
        1,
        "{begins:?} {has:?} in\n{told}"
    );
}

fn link(pipeline: &Pipeline) -> AccountId {
    pipeline.link("t")
}

async fn state_that(pipeline: &Pipeline, is_so: impl Fn(&AccountState) -> bool) {
    let mut topic = pipeline.reader(Topic::State);
    let is_so = |records: &[_]| states(records).values().any(&is_so);
    topic.read_until(WITHIN, is_so).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_webhook_that_never_came_it_is_said_where_it_was_looked_for_and_what_that_means() {
    let pipeline = Pipeline::start("explain-never").await;
    let (said, topics) = (told(&pipeline, &["nobodys"]).await, &pipeline.topics);
    assert_line(&said, ["found", "account"], &["there is nothing of it"]);
    assert_line(&said, ["NOT FOUND", "state"], &[&topics.state]);
    let events = &topics.account_events;
    assert_line(
        &said,
        ["NOT FOUND", "triggers"],
        &["no webhook of it since", events],
    );
    assert_line(&said, ["NOT FOUND", "dead letters"], &[&topics.dead_letter]);
    assert_line(
        &said,
        ["NOT FOUND", "unrecognized"],
        &[&topics.unrecognized],
    );
    assert!(said.contains("stackone_ingest_webhooks_total"), "{said}");
    let document = document(&pipeline, &["nobodys"]).await;
    assert_eq!(document["standing"], "not_heard_of");
    assert_eq!(document["account_id"], "nobodys");
    assert_eq!(
        (&document["state"], &document["triggers"]["total"]),
        (&Value::Null, &0.into())
    );
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_no_use_is_found_with_its_reason() {
    let pipeline = Pipeline::start("explain-stray").await;
    let body = format!(r#"{{"account_id":"stray-1","project_id":"{PROJECT}"}}"#);
    pipeline
        .simulator
        .send_webhook(CustomWebhook::raw(&body))
        .unwrap();
    // Not held to the contract: it names an account, and has no key as nothing there has.
    let servers = pipeline.broker.bootstrap_servers();
    let topic = pipeline.topics.name(Topic::Unrecognized);
    let mut unrecognized = TopicReader::new(servers, topic, Isolation::ReadCommitted);
    unrecognized.events(1).await;
    let said = told(&pipeline, &["stray-1"]).await;
    assert_line(
        &said,
        ["found", "unrecognized"],
        &[": unrecognized: no usable event"],
    );
    let document = document(&pipeline, &["stray-1"]).await;
    assert_eq!(document["standing"], "unrecognized");
    let stray = &document["unrecognized"]["newest"][0];
    assert_eq!(
        (&stray["reason"], &stray["project_id"]),
        (&"unrecognized".into(), &PROJECT.into())
    );
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_of_what_is_pending_what_stackone_said_last_and_when_it_is_asked_again() {
    let pipeline = Pipeline::start("explain-pending").await;
    let rule = FaultRule::always(Fault::status(503)).for_operation(Operation::Get);
    pipeline.fault(rule);
    let processor = pipeline.processor("a").unwrap();
    let id = link(&pipeline);
    state_that(&pipeline, |state| {
        let pending = state.pending.as_ref();
        let last = pending.and_then(|pending| pending.last_lookup.as_ref());
        last.is_some_and(|last| last.outcome == LastOutcome::Unavailable)
    })
    .await;
    let said = told(&pipeline, &[id.as_str()]).await;
    let words = [
        "1 trigger since",
        "StackOne was unavailable",
        "within 5 min",
    ];
    assert_line(&said, ["found", "pending"], &words);
    assert_line(
        &said,
        ["found", "triggers"],
        &["account.created", "taken in"],
    );
    let document = document(&pipeline, &[id.as_str()]).await;
    assert_eq!(document["standing"], "pending");
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_found_with_its_reason_and_so_is_that_it_was_put_back() {
    let pipeline = Pipeline::start("explain-letter").await;
    let rule = FaultRule::always(Fault::status(422)).for_operation(Operation::Get);
    let fault = pipeline.fault(rule);
    let processor = pipeline.processor("a").unwrap();
    let id = link(&pipeline);
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters.events(1).await;
    let said = told(&pipeline, &[id.as_str()]).await;
    assert_line(
        &said,
        ["found", "account"],
        &["put aside as lookup_rejected"],
    );
    let words = ["lookup_rejected (status 422)", "3 lookups", "not put back"];
    assert_line(&said, ["found", "dead letters"], &words);
    assert_line(
        &said,
        ["found", "triggers"],
        &["put aside as a dead letter"],
    );

    assert!(pipeline.simulator.faults().clear(fault));
    crate::pipeline_redrive::summary(&pipeline, &[]).await;
    let is_linked = |state: &AccountState| state.version == 1 && state.pending.is_none();
    state_that(&pipeline, is_linked).await;
    let document = document(&pipeline, &[id.as_str()]).await;
    assert_eq!(document["standing"], "confirmed");
    assert_eq!(document["dead_letters"]["newest"][0]["put_back"], true);
    let triggers = &document["triggers"]["newest"];
    assert_eq!([&triggers[0]["redrives"], &triggers[1]["redrives"]], [0, 1]);
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_account_is_told_and_asked_for_only_where_that_is_wanted() {
    let (pipeline, processor) = Pipeline::at_work("explain-linked").await;
    let id = link(&pipeline);
    state_that(&pipeline, |state| {
        state.version == 1 && state.pending.is_none()
    })
    .await;
    let said = told(&pipeline, &[id.as_str(), "--ask"]).await;
    assert_line(
        &said,
        ["found", "account"],
        &["it is active", "nothing waits"],
    );
    assert_line(
        &said,
        ["found", "state"],
        &["status active", "version 1", "provider hibob"],
    );
    let words = [
        "shows the account with status active",
        "tell nothing (unchanged)",
    ];
    assert_line(&said, ["found", "stackone"], &words);
    assert!(
        !said.contains("Acme"),
        "no more of its owner than is needed: {said}"
    );

    let gone = pipeline.simulator.unlink(&id, Notify::Silent);
    gone.unwrap();
    let document = document(&pipeline, &[id.as_str(), "--ask"]).await;
    let stackone = &document["stackone"];
    assert_eq!(stackone["status"], Value::Null, "{stackone}");
    assert_eq!(stackone["decision"], "recheck", "{stackone}");
    processor.stop_with(pipeline).await;
}
