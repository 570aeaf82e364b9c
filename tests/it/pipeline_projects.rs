//! Triggers of one account that name two projects.

use std::time::Duration;

use harness::{OTHER_PROJECT, PROJECT, Pipeline, PipelineSettings, assert_story};
use stackone_link_schemas::{ACCOUNT_LISTED_TYPE, AccountLifecycleEvent, DeadLetterReason};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, Fault, FaultRule, NewAccount, Notify};

use crate::pipeline_dead_letters::{PUBLISHED, assert_conserved, publish, publish_as};

/// A pipeline with an account of `project` that is looked up slowly: all its triggers are there
/// before the first is decided.
async fn slow_account(test: &str, project: &str) -> (Pipeline, AccountId) {
    let settings = PipelineSettings {
        has_other_project: true,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with(test, settings).await.unwrap();
    let silent = NewAccount {
        project_id: Some(project.to_owned()),
        notify: Notify::Silent,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let id = pipeline.simulator.link(&silent).unwrap();
    let delay = Duration::from_secs(2);
    let latency = FaultRule::always(Fault::Latency { delay }).for_account(&id);
    pipeline.fault(latency);
    (pipeline, id)
}

async fn publish_webhook(pipeline: &Pipeline, id: &AccountId, project: &str) {
    let webhook =
        format!(r#"{{"event":"account.created","account_id":"{id}","project_id":"{project}"}}"#);
    publish(pipeline, id.as_str(), webhook.as_bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_project_lists_waits_and_is_looked_up_with_its_own_key() {
    let (pipeline, id) = slow_account("parked-listed", OTHER_PROJECT).await;
    publish_webhook(&pipeline, &id, PROJECT).await;
    let listed = serde_json::json!({
        "run": PUBLISHED, "account_id": id, "project_id": OTHER_PROJECT, "status": "active",
    });
    let listed = listed.to_string();
    publish_as(
        ACCOUNT_LISTED_TYPE,
        &pipeline,
        id.as_str(),
        listed.as_bytes(),
    )
    .await;
    let processor = pipeline.processor("a").unwrap();
    let mut linked = pipeline.reader(Topic::Linked);
    let records = linked.events(1).await;
    let event: AccountLifecycleEvent = serde_json::from_slice(&records[0].value).unwrap();
    assert_eq!(event.project_id.as_deref(), Some(OTHER_PROJECT));
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_waits_for_another_projects_is_not_overtaken() {
    let (pipeline, id) = slow_account("parked", PROJECT).await;
    for project in [PROJECT, OTHER_PROJECT, PROJECT] {
        publish_webhook(&pipeline, &id, project).await;
    }
    let processor = pipeline.processor("a").unwrap();
    let mut letters = pipeline.reader(Topic::DeadLetter);
    let letter = letters.events(1).await[0].clone();
    let why = letter.headers.dead_letter.unwrap();
    assert_eq!(why.reason, DeadLetterReason::ProjectMismatch);
    assert!(
        String::from_utf8(letter.value)
            .unwrap()
            .contains(OTHER_PROJECT)
    );
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.at_least(1).await;
    let lifecycle = lifecycle.read_to_end().await;
    assert_story(&lifecycle, id.as_str(), ["linked"]);
    pipeline.stop().await.unwrap();
}
