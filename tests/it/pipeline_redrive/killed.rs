//! Redrives that are killed, and two at once. What a `read_committed` reader sees is as if there
//! had been one.

use std::process::Stdio;
use std::time::Duration;

use harness::{Isolation, Pipeline, ServiceProcess, TopicReader, WITHIN, ended};
use stackone_link_wire::Topic;

use super::letters::{assert_once_in_order, put_many_aside};
use super::{all_of, summary};

const LETTERS: usize = 300;
const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_letter_is_put_back_once_although_the_redrive_is_killed_again_and_again() {
    let pipeline = Pipeline::start("redrive-killed").await;
    put_many_aside(&pipeline, LETTERS).await;
    let name = pipeline.topics.name(Topic::AccountEvents);
    let server = pipeline.broker.bootstrap_servers();
    // It shows what is written before it is committed, so the redrive dies in the middle of
    // transactions, too.
    let mut written = TopicReader::new(server, name, Isolation::ReadUncommitted);
    for _ in 0..KILLS {
        let process = ServiceProcess::spawn(pipeline.command(&["redrive", "--rate", "60"]));
        let target = written.records().len() + fastrand::usize(1..40);
        written.at_least(target).await;
        process.kill().await;
    }
    let last = summary(&pipeline, &["--rate", "1000"]).await;
    assert!(last["redriven"].as_u64().unwrap() > 0, "{last}");
    let events = all_of(&pipeline, Topic::AccountEvents, LETTERS).await;
    assert_once_in_order(&events, LETTERS);
    assert_eq!(summary(&pipeline, &[]).await["redriven"], 0);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_redrive_takes_over_and_the_first_says_so() {
    let pipeline = Pipeline::start("redrive-two").await;
    put_many_aside(&pipeline, LETTERS).await;
    let mut slow = pipeline.command(&["redrive", "--rate", "20"]);
    let slow = slow.stdout(Stdio::piped()).stderr(Stdio::piped());
    let first = slow.spawn().unwrap();
    let mut events = pipeline.reader(Topic::AccountEvents);
    events.at_least(1).await;
    let second = summary(&pipeline, &["--rate", "1000"]).await;
    assert!(second["done_before"].as_u64().unwrap() + second["redriven"].as_u64().unwrap() > 0);
    let ended = tokio::time::timeout(WITHIN, first.wait_with_output()).await;
    let ended = ended.unwrap().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(
        told.contains("another redrive of this group began"),
        "{told}"
    );
    let events = all_of(&pipeline, Topic::AccountEvents, LETTERS).await;
    assert_once_in_order(&events, LETTERS);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_redrive_between_two_transactions_and_the_next_goes_on() {
    let pipeline = Pipeline::start("redrive-signal").await;
    put_many_aside(&pipeline, LETTERS).await;
    let mut slow = pipeline.command(&["redrive", "--rate", "20"]);
    let process = slow.stdout(Stdio::piped()).spawn().unwrap();
    let mut events = pipeline.reader(Topic::AccountEvents);
    events.at_least(1).await;
    let id = process.id().unwrap().to_string();
    let mut kill = tokio::process::Command::new("kill");
    kill.args(["-TERM", &id]);
    assert!(ended(kill).await.status.success());
    let within = Duration::from_secs(10);
    let ended = tokio::time::timeout(within, process.wait_with_output()).await;
    let ended = ended.unwrap().unwrap();
    let told = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("INTERRUPTED"), "{told}");
    summary(&pipeline, &["--rate", "1000"]).await;
    let events = all_of(&pipeline, Topic::AccountEvents, LETTERS).await;
    assert_once_in_order(&events, LETTERS);
    pipeline.stop().await.unwrap();
}
