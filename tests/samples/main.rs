//! Each sample consumer of `schemas/examples`, as its developer would build and run it, on real
//! Kafka and with records of the real pipeline.
//!
//! Where a toolchain is missing, its sample is passed over, and said so on the terminal; with `CI`
//! set that is a failure.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod build;
mod disturbed;
mod group;
mod intruder;
mod program;
mod readme;
mod replicas;
#[cfg(feature = "kafka-tls")]
mod secured;
mod story;
mod table;

use std::collections::HashMap;

use harness::{Pipeline, WITHIN, eventually};
use stackone_link_wire::Topic;
use stackone_simulator::AccountId;

use build::Sample;
use intruder::{ABORTED, Intruder};
use program::{Environment, Line, Program};
use story::{Cast, Subject};
use table::{Row, rows};

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_sample_takes_every_change_once() {
    proves(&build::RUST).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sample_takes_every_change_once() {
    proves(&build::PYTHON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_java_sample_takes_every_change_once() {
    proves(&build::JAVA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_sample_takes_every_change_once() {
    proves(&build::TYPESCRIPT).await;
}

async fn proves(sample: &Sample) {
    let Some(command) = sample.command().await else {
        return;
    };
    let pipeline = Pipeline::start(sample.name).await;
    let processor = pipeline.processor("a").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let servers = pipeline.broker.bootstrap_servers();
    let subject = Subject {
        command,
        pipeline: &pipeline,
        environment: Environment::new(servers, &pipeline.topics, folder.path()),
    };
    let cast = story::cast(&pipeline).await;
    // Whoever takes this knows no later version of the account; whoever parses that ends.
    let intruder = Intruder::new(servers, &pipeline.topics);
    intruder.aborts(&cast.broken);
    intruder.writes_what_is_of_tomorrow(&cast.broken);

    let (mut lines, late) = story::starts_and_follows(&subject, &cast).await;
    lines.extend(story::comes_back(&subject, &cast, &late).await);
    assert_versions_rise(&lines);
    story::takes_nothing_that_comes_again(&subject).await;
    let table = rows(&subject.environment.database).unwrap();
    assert_what_is_kept(&table, &cast);
    // Who sees nothing but the states, and who sees nothing but the transitions, knows the same.
    let empty = pipeline.topics.name(Topic::DeadLetter);
    for unseen in ["LIFECYCLE_TOPIC", "STATE_TOPIC"] {
        let other = Environment::new(servers, &pipeline.topics, folder.path()).with(unseen, empty);
        let sample = Program::start(command, &other).unwrap();
        comes_to_know(&other, &table).await;
        sample.terminate().await;
    }
    processor.stop().await.unwrap();
    pipeline.stop().await.unwrap();
}

fn assert_what_is_kept(table: &[Row], cast: &Cast) {
    let of = |id: &AccountId| table.iter().find(|row| row.account_id == id.as_str());
    let gone = row(&cast.gone, 2, "unlinked", None, None);
    assert_eq!(of(&cast.gone), Some(&gone));
    let failed = row(&cast.failed, 1, "failed", Some("inactive"), Some("failed"));
    assert_eq!(of(&cast.failed), Some(&failed));
    let active = row(&cast.broken, 3, "active", Some("active"), Some("broken"));
    assert_eq!(of(&cast.broken), Some(&active));
}

/// Waits until a sample's table is this one.
async fn comes_to_know(environment: &Environment, table: &[Row]) {
    let same = eventually("the same table", WITHIN, async || {
        let found = rows(&environment.database).map_err(|error| error.to_string())?;
        let is_same = found == table;
        is_same
            .then_some(())
            .ok_or_else(|| format!("{found:#?} and not {table:#?}"))
    });
    same.await.unwrap();
}

fn row(
    id: &AccountId,
    version: i64,
    state: &str,
    status: Option<&str>,
    owner: Option<&str>,
) -> Row {
    Row {
        account_id: id.as_str().to_owned(),
        version,
        state: state.to_owned(),
        status: status.map(str::to_owned),
        provider: owner.map(|_| "bamboohr".to_owned()),
        owner_id: owner.map(str::to_owned),
    }
}

fn assert_versions_rise(lines: &[Line]) {
    let mut versions: HashMap<&str, u64> = HashMap::new();
    for line in lines {
        assert_ne!(line.version, ABORTED, "aborted, and taken: {line:?}");
        let former = versions.insert(&line.account_id, line.version);
        assert!(
            former < Some(line.version),
            "taken twice or out of order: {lines:?}"
        );
    }
}
