//! Each sample consumer of `schemas/examples`, as its developer would build and run it, on real Kafka and with records of the
//! real pipeline.
//!
//! Where a toolchain is missing, its sample is passed over, and said so on the terminal; with `CI` set that is a failure.
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
mod table;

use std::collections::HashMap;

use harness::{Pipeline, ReadRecord, WITHIN, eventually, states};
use stackone_link_transport::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, NewAccount, Notify};

use build::Sample;
use group::Group;
use intruder::{ABORTED, Intruder};
use program::{Environment, Line, Program};
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
    let pipeline = Pipeline::start(sample.name).await.unwrap();
    let processor = pipeline.processor("a").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let servers = pipeline.broker.bootstrap_servers();
    let environment = Environment::new(servers, &pipeline.topics, folder.path());
    let start = || Program::start(command, &environment).unwrap();
    let [early, broken, gone] = ["early", "broken", "gone"].map(|owner| link(&pipeline, owner));
    let failed = link_in_vain(&pipeline, "failed");
    confirmed(&pipeline, &[(&early, 1), (&broken, 1), (&gone, 1)]).await;
    set(&pipeline, &broken, Status::Error);
    confirmed(&pipeline, &[(&broken, 2), (&failed, 1)]).await;
    // Whoever takes this knows no later version of the account; whoever parses that ends.
    let intruder = Intruder::new(servers, &pipeline.topics);
    intruder.aborts(&broken);
    intruder.writes_what_is_of_tomorrow(&broken);

    // Its first start: every account as it is, and then what happens, which it may still see as a state.
    let mut sample = start();
    let known = [(&early, 1), (&broken, 2), (&gone, 1), (&failed, 1)];
    sample.took(&known).await;
    let late = link(&pipeline, "late");
    set(&pipeline, &broken, Status::Active);
    sample.took(&[(&late, 1), (&broken, 3)]).await;
    set(&pipeline, &late, Status::Error);
    sample.took(&[(&late, 2)]).await;
    comes_to_follow(&mut sample, &pipeline).await;
    let mut lines = sample.terminate().await;

    // What happens while it is away is there when it comes back.
    pipeline.simulator.unlink(&gone, Notify::Send).unwrap();
    pipeline
        .simulator
        .refresh_credentials(&early, Notify::Send)
        .unwrap();
    confirmed(&pipeline, &[(&gone, 2), (&early, 2)]).await;
    let mut sample = start();
    sample.took(&[(&gone, 2), (&early, 2)]).await;
    lines.extend(sample.kill().await);

    // Killed, it may read again what it had taken; it takes nothing twice.
    set(&pipeline, &late, Status::Active);
    let mut sample = start();
    sample.took(&[(&late, 3)]).await;
    let group = Group::new(&pipeline, &environment.group);
    group.has_read_all().await;
    lines.extend(sample.terminate().await);

    // Nor does it where everything comes a second time.
    group.forgets().await;
    let sample = start();
    group.has_read_all().await;
    assert_eq!(sample.terminate().await, []);
    assert_versions_rise(&lines);

    let table = rows(&environment.database).unwrap();
    let of = |id: &AccountId| table.iter().find(|row| row.account_id == id.as_str());
    assert_eq!(of(&gone), Some(&row(&gone, 2, "unlinked", None, None)));
    let inactive = row(&failed, 1, "failed", Some("inactive"), Some("failed"));
    assert_eq!(of(&failed), Some(&inactive));
    let active = row(&broken, 3, "active", Some("active"), Some("broken"));
    assert_eq!(of(&broken), Some(&active));
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

/// Links accounts until one is told of by a transition: however long it took to read the state topic, which goes on to grow.
async fn comes_to_follow(sample: &mut Program, pipeline: &Pipeline) {
    for number in 0..20 {
        let account = link(pipeline, &format!("more-{number}"));
        sample.took(&[(&account, 1)]).await;
        if sample.why(&account) == "account.linked" {
            return;
        }
    }
    panic!("the sample does not follow the transitions");
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

fn link(pipeline: &Pipeline, owner: &str) -> AccountId {
    let new = NewAccount::new("bamboohr", owner, "Acme");
    pipeline.simulator.link(&new).unwrap()
}

/// Links an account that never becomes active.
fn link_in_vain(pipeline: &Pipeline, owner: &str) -> AccountId {
    let new = NewAccount {
        status: Status::Inactive,
        ..NewAccount::new("bamboohr", owner, "Acme")
    };
    pipeline.simulator.link(&new).unwrap()
}

fn set(pipeline: &Pipeline, account: &AccountId, status: Status) {
    let simulator = &pipeline.simulator;
    simulator
        .set_status(account, status, Vec::new(), Notify::Send)
        .unwrap();
}

/// Waits until the accounts have these versions in the state topic.
async fn confirmed(pipeline: &Pipeline, wanted: &[(&AccountId, u64)]) {
    let are_there = |records: &[ReadRecord]| {
        let states = states(records);
        wanted.iter().all(|(account, version)| {
            let state = states.get(account.as_str());
            state.is_some_and(|state| state.version == *version && state.pending.is_none())
        })
    };
    pipeline
        .reader(Topic::State)
        .read_until(WITHIN, are_there)
        .await;
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
