//! Two replicas of a sample, which share a database and so a group.

use std::collections::BTreeSet;

use harness::{Broker, WITHIN, eventually, unique_topics};
use stackone_simulator::AccountId;

use crate::build;
use crate::intruder::Intruder;
use crate::program::{Environment, Line, Program};

/// Accounts, of which each partition has some.
const ACCOUNTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_work_and_where_one_ends_the_other_takes_over() {
    let (broker, topics) = (Broker::start().await, unique_topics("replicas"));
    broker.create_topics(&topics, 4).await.unwrap();
    let servers = broker.bootstrap_servers();
    let intruder = Intruder::new(servers, &topics);
    let folder = tempfile::tempdir().unwrap();
    let accounts: Vec<AccountId> = (0..ACCOUNTS)
        .map(|number| format!("account-{number}").into())
        .collect();
    let all_move_on = |version| {
        for account in &accounts {
            intruder.writes_transition(account, version);
        }
    };
    let mut version = 0;
    for sample in build::ALL {
        let Some(command) = sample.command().await else {
            continue;
        };
        let environment = Environment::new(servers, &topics, folder.path());
        let replicas = [(); 2].map(|()| Program::start(command, &environment).unwrap());
        while replicas.iter().any(|replica| !follows(replica)) {
            version += 1;
            all_move_on(version);
            taken(&replicas, version).await;
        }
        let [first, mut second] = replicas;
        let mut lines = first.terminate().await;
        version += 1;
        all_move_on(version);
        let wanted: Vec<_> = accounts.iter().map(|account| (account, version)).collect();
        second.took(&wanted).await;
        lines.extend(second.terminate().await);
        assert_each_once(&lines, version);
    }
}

/// Whether it has taken a transition.
fn follows(replica: &Program) -> bool {
    replica.lines().iter().any(|line| line.why != "state")
}

/// Waits until one or the other has taken this version of each account.
async fn taken(replicas: &[Program], version: u64) {
    let all = eventually("both together take all", WITHIN, async || {
        let lines = replicas.iter().flat_map(Program::lines);
        let found = lines.filter(|line| line.version == version).count();
        (found == ACCOUNTS).then_some(()).ok_or(found)
    });
    all.await.unwrap();
}

fn assert_each_once(lines: &[Line], versions: u64) {
    let each: BTreeSet<_> = lines
        .iter()
        .map(|line| (&line.account_id, line.version))
        .collect();
    assert_eq!(each.len(), lines.len(), "taken twice: {lines:?}");
    let expected = ACCOUNTS * usize::try_from(versions).unwrap();
    assert_eq!(each.len(), expected, "missed: {lines:?}");
}
