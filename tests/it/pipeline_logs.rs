//! What a processor's log must never show, at whichever level: credentials, who linked an account,
//! and what bodies say.

use harness::{API_KEY, Pipeline, ReadRecord, WITHIN, story_of};
use stackone_link_wire::Topic;
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, Operation,
    StatusReason,
};

use crate::pipeline_dead_letters::publish;

/// The API key as it is in the header `authorization`.
const AUTHORIZATION: &str = "djEuZXUxLnRlc3Q6";
/// What accounts and bodies hold here.
const HIDDEN: [&str; 10] = [
    API_KEY,
    AUTHORIZATION,
    "canary-owner-id",
    "canary-owner-name",
    "canary-username",
    "canary-setup",
    "canary-label",
    "canary-reason",
    "canary-answer",
    "canary-body",
];

fn account() -> NewAccount {
    let setup = serde_json::json!({ "domain": "canary-setup" });
    NewAccount {
        origin_username: Some("canary-username".to_owned()),
        setup_information: setup.as_object().cloned(),
        label: Some("canary-label".to_owned()),
        ..NewAccount::new("hibob", "canary-owner-id", "canary-owner-name")
    }
}

/// Waits until an account's story ends with this.
async fn told(pipeline: &Pipeline, id: &AccountId, last: &str) {
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let is_told = |records: &[ReadRecord]| {
        let story = story_of(id.as_str(), records);
        story.last().is_some_and(|told| told == last)
    };
    lifecycle.read_until(WITHIN, is_told).await;
}

/// Waits until this many records are put aside.
async fn put_aside(pipeline: &Pipeline, count: usize) {
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters.events(count).await;
}

/// Lookups that succeed, that the API refuses, that it cannot answer, and whose answers are
/// garbage.
async fn look_up(pipeline: &Pipeline) {
    let simulator = &pipeline.simulator;
    let id = simulator.link(&account()).unwrap();
    told(pipeline, &id, "account.linked").await;
    let reason = StatusReason::new("401", "canary-reason");
    simulator
        .set_status(&id, Status::Error, vec![reason], Notify::Send)
        .unwrap();
    told(pipeline, &id, "account.degraded").await;

    let answer = |status| Fault::Status {
        status,
        retry_after: None,
        body: Some("canary-answer".to_owned()),
    };
    let faults = [
        answer(422),
        Fault::TruncatedJson,
        Fault::Html,
        Fault::WrongId,
    ];
    for (count, fault) in (1..).zip(faults) {
        let rule = FaultRule::always(fault).for_operation(Operation::Get);
        let rule = pipeline.fault(rule);
        simulator.link(&account()).unwrap();
        put_aside(pipeline, count).await;
        simulator.faults().clear(rule);
    }
    let rule = FaultRule::next(1, answer(503)).for_operation(Operation::Get);
    pipeline.fault(rule);
    let id = simulator.link(&account()).unwrap();
    told(pipeline, &id, "account.linked").await;
    for body in [
        "canary-body",
        r#""canary-body""#,
        r#"{"event":"canary-body"}"#,
    ] {
        publish(pipeline, "a", body.as_bytes()).await;
    }
    put_aside(pipeline, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_of_a_processor_shows_a_key_personal_data_or_what_a_body_says() {
    let mut pipeline = Pipeline::start("logs").await;
    pipeline.settings.lookups.include_setup_information = true;
    pipeline.settings.telemetry.filter = "trace".to_owned();
    let processor = pipeline.processor_process("a").await;
    look_up(&pipeline).await;
    let lines = processor.logged("");
    processor.stop_with(pipeline).await;

    for said in [
        "TRACE",
        "DEBUG",
        "rejected with status 422",
        "unreadable answer",
        "unavailable: ",
        "malformed_event",
    ] {
        let is_there = lines.iter().any(|line| line.contains(said));
        assert!(is_there, "{said} is not in the log");
    }
    for hidden in HIDDEN {
        let shown = lines.iter().find(|line| line.contains(hidden));
        assert_eq!(shown, None, "{hidden}");
    }
}
