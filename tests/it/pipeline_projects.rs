//! Triggers of one account that name two projects.

use std::time::Duration;

use harness::{OTHER_PROJECT, PROJECT, Pipeline, PipelineSettings, WITHIN, story_of};
use stackone_link_schemas::DeadLetterReason;
use stackone_link_transport::Topic;
use stackone_simulator::{Fault, FaultRule, NewAccount, Notify};

use crate::pipeline_dead_letters::{assert_conserved, publish};

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_waits_for_another_projects_is_not_overtaken() {
    let settings = PipelineSettings {
        has_other_project: true,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with("parked", settings).await.unwrap();
    let silent = NewAccount {
        notify: Notify::Silent,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let id = pipeline.simulator.link(&silent).unwrap();
    // All of them are there before the first is decided.
    let delay = Duration::from_secs(2);
    let latency = FaultRule::always(Fault::Latency { delay }).for_account(&id);
    pipeline.simulator.faults().set(latency).unwrap();
    for project in [PROJECT, OTHER_PROJECT, PROJECT] {
        let webhook = format!(
            r#"{{"event":"account.created","account_id":"{id}","project_id":"{project}"}}"#
        );
        publish(&pipeline, id.as_str(), webhook.as_bytes()).await;
    }
    let processor = pipeline.processor("a").unwrap();
    let mut letters = pipeline.reader(Topic::DeadLetter);
    let letter = letters
        .read_until(WITHIN, |records| records.len() == 1)
        .await[0]
        .clone();
    let why = letter.headers.dead_letter.unwrap();
    assert_eq!(why.reason, DeadLetterReason::ProjectMismatch);
    assert!(
        String::from_utf8(letter.value)
            .unwrap()
            .contains(OTHER_PROJECT)
    );
    assert_conserved(&processor.admin).await;
    processor.stop().await.unwrap();
    let lifecycle = pipeline.reader(Topic::Lifecycle).read_to_end().await;
    assert_eq!(story_of(id.as_str(), &lifecycle), ["account.linked"]);
    pipeline.stop().await.unwrap();
}
