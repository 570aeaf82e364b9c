//! `stackone-processor look`: one account is looked up where no webhook comes, and nothing is told
//! that a recheck would not.

use harness::{
    Metrics, OTHER_PROJECT, PROJECT, Pipeline, ReadRecord, WITHIN, assert_story, metric_is,
    transitions,
};
use serde_json::Value;
use stackone_link_schemas::{ACCOUNT_LOOK_TYPE, AccountLook, AccountState, LookReason};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, CustomWebhook, NewAccount, Notify};

use crate::pipeline_dead_letters::assert_conserved;

const LOOKUPS: &str = "stackone_processor_lookups_total";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `look` says on stdout where it goes well.
async fn look(pipeline: &Pipeline, arguments: &[&str]) -> String {
    pipeline.told(&[&["look"], arguments].concat()).await
}

/// What it says on stderr where it does not.
async fn refused(pipeline: &Pipeline, arguments: &[&str], code: i32) -> String {
    let output = pipeline.ended(&[&["look"], arguments].concat()).await;
    let trouble = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{trouble}");
    assert_eq!(text(&output.stdout), "", "{trouble}");
    trouble
}

fn link(pipeline: &Pipeline, notify: Notify) -> AccountId {
    let new = NewAccount {
        notify,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    pipeline.simulator.link(&new).unwrap()
}

fn is_look(record: &&ReadRecord) -> bool {
    record.headers.event.event_type == ACCOUNT_LOOK_TYPE
}

/// Waits until so many records were skipped for this reason.
async fn skipped(admin: &str, reason: &str, count: f64) {
    let name =
        format!("stackone_processor_records_total{{disposition=\"skipped\",reason=\"{reason}\"}}");
    let reached = metric_is(admin, &name, |seen| seen > count - 0.5);
    reached.await.unwrap();
}

/// Waits until accounts were asked for so many times.
async fn looked_up(admin: &str, count: f64) {
    let reached = metric_is(admin, LOOKUPS, |seen| seen > count - 0.5);
    reached.await.unwrap();
}

async fn sum(admin: &str, name: &str) -> f64 {
    Metrics::of(admin).await.unwrap().sum(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_queues_one_lookup_and_tells_nothing_where_nothing_has_changed() {
    let mut pipeline = Pipeline::start("look-unchanged").await;
    // Lookups are counted, and one that is late on a busy machine would be made again.
    pipeline.settings.lookups.timeout = WITHIN;
    let processor = pipeline.processor("a").unwrap();
    let id = link(&pipeline, Notify::Send);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    // The event's transaction may have ended on its topic and not yet on that of states, which the
    // command reads.
    let is_confirmed = |record: &ReadRecord| record.json::<AccountState>().version == 1;
    let mut states = pipeline.reader(Topic::State);
    states
        .read_until(WITHIN, |records| records.iter().any(is_confirmed))
        .await;
    let before = sum(&processor.admin, LOOKUPS).await;

    let said = look(&pipeline, &["--json", id.as_str()]).await;
    assert_eq!(said.lines().count(), 1, "{said}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&told["account_id"], &told["project_id"], &told["version"]),
        (&id.as_str().into(), &PROJECT.into(), &1.into())
    );
    let topic = pipeline.topics.name(Topic::AccountEvents);
    assert_eq!(told["topic"], topic);
    let records = pipeline.all(Topic::AccountEvents).await;
    let looks: Vec<&ReadRecord> = records.iter().filter(is_look).collect();
    let [record] = looks[..] else {
        panic!("{looks:#?}");
    };
    assert_eq!(record.key.as_deref(), Some(id.as_str()));
    assert_eq!(
        (&told["partition"], &told["offset"]),
        (&record.partition.into(), &record.offset.into())
    );
    let asked: AccountLook = record.json();
    assert_eq!(asked.because, LookReason::Operator);
    assert_eq!(asked.project_id.as_deref(), Some(PROJECT));

    skipped(&processor.admin, "unchanged", 1.0).await;
    // The answer, and the same again after `lag_recheck`, since it was older than the look.
    let asked = sum(&processor.admin, LOOKUPS).await - before;
    assert!((asked - 2.0).abs() < 0.5, "{asked} lookups");
    let explained = pipeline.told(&["explain", id.as_str()]).await;
    let place = format!(
        "({topic}, partition {}, offset {}): taken in",
        record.partition, record.offset
    );
    let line = explained.lines().find(|line| line.contains(&place));
    assert!(
        line.is_some_and(|line| line.contains(ACCOUNT_LOOK_TYPE)),
        "{explained}"
    );
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    let told = pipeline.all(Topic::Lifecycle).await;
    assert_story(&told, id.as_str(), ["linked"]);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_what_changed_and_the_webhook_that_comes_late_tells_it_no_second_time() {
    let (pipeline, processor) = Pipeline::at_work("look-changed").await;
    let simulator = &pipeline.simulator;
    // Its webhook never came, and nothing is known of it.
    let id = link(&pipeline, Notify::Lose);
    let said = look(&pipeline, &[id.as_str()]).await;
    assert!(said.contains("it was never confirmed"), "{said}");
    let follow = format!("`stackone-processor explain {id}`");
    assert!(said.contains(&follow), "{said}");
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    // The answer was older than the look, so the account is asked for again: what changes before
    // that has no cause.
    looked_up(&processor.admin, 2.0).await;

    simulator.refresh_credentials(&id, Notify::Silent).unwrap();
    look(&pipeline, &[id.as_str()]).await;
    let records = lifecycle.events(2).await;
    let caused_by = &transitions(records)[1].caused_by;
    let causes: Vec<&str> = caused_by
        .iter()
        .map(|cause| cause.event_type.as_str())
        .collect();
    assert_eq!(causes, [ACCOUNT_LOOK_TYPE]);
    let late = CustomWebhook {
        event_date: Some(simulator.account(&id).unwrap().updated_at),
        ..CustomWebhook::new("account.updated", &id)
    };
    simulator.send_webhook(late).unwrap();
    skipped(&processor.admin, "duplicate", 1.0).await;

    let error = Status::Error;
    simulator
        .set_status(&id, error, Vec::new(), Notify::Silent)
        .unwrap();
    look(&pipeline, &[id.as_str()]).await;
    let records = lifecycle.events(3).await;
    assert_story(records, id.as_str(), ["linked", "refreshed", "degraded"]);
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    let told = pipeline.all(Topic::Lifecycle).await;
    assert_eq!(told.len(), 3, "{:#?}", transitions(&told));
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_the_processor_would_put_aside_is_not_written() {
    let mut pipeline = Pipeline::start("look-refused").await;
    pipeline.add_other_project();
    let processor = pipeline.processor("a").unwrap();
    let id = link(&pipeline, Notify::Send);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    processor.stop().await.unwrap();
    // The command reads no transaction that is still being ended on the topic of states.
    pipeline.reader(Topic::State).read_all_committed().await;
    for (arguments, code, words) in [
        (&["nobodys"][..], 1, "--project names its own"),
        (
            &["--project", "nobodys", id.as_str()],
            1,
            "project nobodys is not configured",
        ),
        (
            &["--project", OTHER_PROJECT, id.as_str()],
            1,
            "belongs to project",
        ),
        (&["../a"], 2, "ACCOUNT"),
        (&[], 2, "ACCOUNT"),
    ] {
        let trouble = refused(&pipeline, arguments, code).await;
        assert!(trouble.contains(words), "{arguments:?}: {trouble}");
    }
    let written = pipeline.all(Topic::AccountEvents).await;
    assert_eq!(written.iter().filter(is_look).count(), 0);
    // Of an account that is known no project need be named.
    let said = look(&pipeline, &[id.as_str()]).await;
    assert!(said.contains(&format!("(project {PROJECT};")), "{said}");
    pipeline.stop().await.unwrap();
}
