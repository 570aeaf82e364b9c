//! `stackone-processor doctor` on the real things, in order and broken.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::{OTHER_PROJECT, PROJECT, Pipeline, ended, program};
use serde_json::Value;
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule};
use tokio::process::Command;

use crate::operator::configure;
use crate::pipeline_state::{one_state, write};

/// What it found, and its exit code.
struct Diagnosis {
    code: Option<i32>,
    report: Value,
}

async fn doctor(file: &Path, arguments: &[&str]) -> Diagnosis {
    let mut command = Command::new(program("processor"));
    command.arg("--config").arg(file).args(["doctor", "--json"]);
    command.args(arguments);
    let output = ended(command).await;
    let told = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    assert!(report.is_ok(), "no report: {told}");
    Diagnosis {
        code: output.status.code(),
        report: report.unwrap(),
    }
}

impl Diagnosis {
    /// Check and text of what is wrong.
    fn wrong(&self) -> Vec<(&str, &str)> {
        let all = self.report["findings"].as_array().unwrap();
        let wrong = all.iter().filter(|finding| finding["verdict"] == "wrong");
        let text = |finding: &'_ Value, name: &str| {
            finding[name].as_str().is_some_and(|text| !text.is_empty())
        };
        wrong
            .map(|finding| {
                assert!(text(finding, "do"), "{finding} does not say what to do");
                (
                    finding["check"].as_str().unwrap(),
                    finding["says"].as_str().unwrap(),
                )
            })
            .collect()
    }

    /// It found what is wrong with these checks, in these words, and nothing else.
    fn assert_wrong(&self, expected: &[(&str, &str)]) {
        let wrong = self.wrong();
        assert_eq!(wrong.len(), expected.len(), "{}", self.report);
        for (check, words) in expected {
            let is_told = |(found, says): &(&str, &str)| found == check && says.contains(words);
            assert!(
                wrong.iter().any(is_told),
                "{check}: {words:?} is not in {}",
                self.report
            );
        }
        assert_eq!(self.report["ok"], expected.is_empty());
        assert_eq!(self.code, Some(i32::from(!expected.is_empty())));
    }

    /// What it says of a check that is as it must be.
    fn fine(&self, check: &str) -> &str {
        let all = self.report["findings"].as_array().unwrap();
        let found = all
            .iter()
            .find(|finding| finding["check"] == check && finding["verdict"] == "fine");
        assert!(found.is_some(), "{check} is not fine in {}", self.report);
        found.unwrap()["says"].as_str().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_in_order_is_found_to_be_so_and_left_as_it_is() {
    let (pipeline, processor) = Pipeline::at_work("doctor").await;
    pipeline.link("t");
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    let before = pipeline.all(Topic::AccountEvents).await;
    let diagnosis = doctor(&pipeline.processor_file("doctor").unwrap(), &[]).await;
    diagnosis.assert_wrong(&[]);
    for (check, says) in [
        ("configuration", "valid; 1 project,"),
        ("broker", "1 in the cluster"),
        ("topics", "5 of 5 are there, set up"),
        ("access", "may be read"),
        ("state", "of 1 account,"),
        ("group", "has 1 member;"),
        ("work", "no account waits"),
        ("dead_letters", "no record waits"),
        ("api", PROJECT),
        ("clock", "within 5 s"),
    ] {
        assert!(
            diagnosis.fine(check).contains(says),
            "{check}: {}",
            diagnosis.report
        );
    }
    assert_eq!(pipeline.all(Topic::AccountEvents).await, before);
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_found_in_one_look_and_named() {
    let mut pipeline = Pipeline::start("doctor-wrong").await;
    pipeline.add_other_project();
    pipeline.set_api_key("v1.eu1.revoked").unwrap();
    let rule = FaultRule::always(Fault::WrongDate { ahead_seconds: 600 });
    pipeline.fault(rule);
    // What is not named falls back to the broker's defaults.
    configure(
        &pipeline.broker,
        &pipeline.topics.state,
        "cleanup.policy",
        "delete",
    )
    .await;
    let letters = &pipeline.topics.dead_letter;
    configure(&pipeline.broker, letters, "max.message.bytes", "100").await;
    write(&pipeline, "acc-1", 0, b"garbage").await;
    write(&pipeline, "no account!", 0, b"garbage").await;
    pipeline.settings.topics.linked = "not-there".to_owned();
    let file = pipeline.processor_file("doctor").unwrap();
    let diagnosis = doctor(&file, &[]).await;
    diagnosis.assert_wrong(&[
        ("topics", "cleanup.policy=delete; it must be compact"),
        ("topics", "segment.bytes="),
        ("topics", "segment.ms="),
        ("topics", "min.cleanable.dirty.ratio="),
        ("topics", "max.compaction.lag.ms="),
        ("topics", "topic not-there: it does not exist"),
        ("topics", "max.message.bytes=100; it must be at least"),
        ("state", "the state of account acc-1"),
        ("state", "whose key is no account id"),
        ("api", &format!("{PROJECT}: the API key in")),
        (
            "clock",
            &format!("{OTHER_PROJECT}: this machine's clock is 5"),
        ),
    ]);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_ends_a_processor_is_found_without_one() {
    let (pipeline, state) = one_state("doctor-state").await;
    let id = state.key.as_deref().unwrap();
    let elsewhere = (state.partition + 1) % 3;
    write(&pipeline, id, elsewhere, &state.value).await;
    let file = pipeline.processor_file("doctor").unwrap();
    let says = format!("the state of account {id} belongs in another partition");
    doctor(&file, &[]).await.assert_wrong(&[("state", &says)]);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_or_silent_is_told_in_time_and_the_api_is_asked_all_the_same() {
    let mut pipeline = Pipeline::start("doctor-down").await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [
        "127.0.0.1:1".to_owned(),
        silent.local_addr().unwrap().to_string(),
    ] {
        let kafka = &mut pipeline.settings.kafka;
        kafka.bootstrap_servers.clone_from(&address);
        let file = pipeline.processor_file("doctor").unwrap();
        let asked = Instant::now();
        let diagnosis = doctor(&file, &["--timeout", "3s"]).await;
        let says = format!("no broker answers at {address}");
        diagnosis.assert_wrong(&[("broker", &says)]);
        assert!(diagnosis.fine("api").contains(PROJECT));
        assert!(
            asked.elapsed() < Duration::from_secs(60),
            "{address}: {:?}",
            asked.elapsed()
        );
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_configuration_is_all_it_tells_and_exit_code_2() {
    let mut command = Command::new(program("processor"));
    command
        .args(["doctor", "--json"])
        .env_clear()
        .env("STACKONE_API_KEY", "key");
    command.env("PROCESSOR__GROUP__ID", "");
    let output = ended(command).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("group.id: is empty") && output.stdout.is_empty(),
        "{told}"
    );
}
