//! A rolling upgrade and the way back, under load: the processors of two revisions in one group on
//! Apache Kafka in a container. `just upgrade REVISION` builds both programs and runs this; no test
//! run does.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and unwrap says where"
)]

mod group;
#[path = "../it/exactly_once/load.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod load;
#[path = "../it/exactly_once/verdict.rs"]
mod verdict;
mod version;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use fastrand::Rng;
use group::Group;
use harness::{Pipeline, Setup, WITHIN, eventually, states, transitions};
use load::Load;
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, NewAccount, Notify};
use version::Version;

const USAGE: &str = "upgrade OTHER_PROGRAM OTHER_SETTINGS PROGRAM SETTINGS [ROUNDS]
  both programs of stackone-processor, each with its config.default.toml; `just upgrade REVISION` builds and names them";
/// More than members, so that each has some at every moment.
const PARTITIONS: i32 = 6;
/// Accounts of which only a pending state of the former revision says that they are to be looked
/// at.
const WAITING: usize = 3;
/// Longer than all members take to be replaced: the last revision ends the wait that the first
/// began.
const GRACE: Duration = Duration::from_secs(60);
/// In which all accounts are told that waited, the grace period among it.
const WAITED: Duration = GRACE.saturating_add(WITHIN);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (versions, rounds) = match understood(&arguments) {
        Ok(understood) => understood,
        Err(error) => {
            say(&format!("{error:#}"));
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for number in 1..=rounds {
        runtime.block_on(round(&format!("round {number} of {rounds}"), &versions));
    }
    ExitCode::SUCCESS
}

/// The other revision and this one, and how many rounds.
fn understood(arguments: &[String]) -> anyhow::Result<([Version; 2], usize)> {
    let (files, rounds) = arguments.split_at_checked(4).context(USAGE)?;
    let rounds = match rounds {
        [] => 3,
        [rounds] => rounds.parse().context(USAGE)?,
        [_, _, ..] => anyhow::bail!(USAGE),
    };
    let other = Version::new("the other revision", &files[0], &files[1])?;
    let this = Version::new("this revision", &files[2], &files[3])?;
    Ok(([other, this], rounds))
}

/// Takes a group of the other revision to this one and back, under load, and judges what is on the
/// topics.
async fn round(name: &str, versions: &[Version; 2]) {
    let [other, this] = versions;
    let mut pipeline = Pipeline::with("upgrade", Setup::partitions(PARTITIONS)).await;
    pipeline.settings.reconcile.activation_grace = GRACE;
    assert!(
        pipeline.broker.is_real(),
        "a group of two revisions needs Apache Kafka"
    );
    let seed = fastrand::u64(..);
    say(&format!("{name}: load of seed {seed}"));
    let load = Load::start(&pipeline.simulator, Rng::with_seed(seed));
    let mut group = Group::of(&pipeline, other).await;
    let mut waited = Vec::new();
    for (direction, to) in [("upgraded", this), ("taken back", other)] {
        let (began, changes) = (Instant::now(), load.changes());
        let before = told(&pipeline).await;
        let waiting = wait(&pipeline, direction).await;
        group.is_replaced_by(to, &load).await;
        let (took, changes) = (began.elapsed(), load.changes() - changes);
        activate(&pipeline, &waiting).await;
        waited.extend(waiting);
        let told = told(&pipeline).await - before;
        say(&format!(
            "{name}: {direction} in {:.0} s, {changes} changes, {told} transitions told",
            took.as_secs_f64()
        ));
    }
    let mut ids = load.finish().await;
    ids.extend(waited);
    verdict::judge(&pipeline, &ids).await;
    let read = [other.states(&pipeline).await, this.states(&pipeline).await];
    assert_eq!(read[0].len(), ids.len(), "every account has a state");
    assert_eq!(read[0], read[1], "both revisions read the same states");
    group.ends().await;
    pipeline.stop().await.unwrap();
    say(&format!(
        "{name}: {} accounts, each transition told once",
        ids.len()
    ));
}

/// How many transitions are on their topic, none of which may be missing or there twice.
async fn told(pipeline: &Pipeline) -> usize {
    let lifecycle = pipeline.reader(Topic::Lifecycle).read_to_end().await;
    assert_eq!(verdict::faults(&lifecycle), Vec::<String>::new());
    lifecycle.len()
}

/// Links accounts that are not active yet, and waits until their states say that they are waited
/// for.
async fn wait(pipeline: &Pipeline, direction: &str) -> Vec<AccountId> {
    let link = |number| {
        let tenant = format!("waiting-{direction}-{number}");
        let new = NewAccount {
            status: Status::Inactive,
            ..NewAccount::new("hibob", &tenant, "Acme")
        };
        pipeline.simulator.link(&new).unwrap()
    };
    let ids: Vec<_> = (0..WAITING).map(link).collect();
    // Read anew at each look: to parse all states again after every record takes minutes.
    let are_pending = eventually("they are waited for", WITHIN, async || {
        let states = states(&pipeline.reader(Topic::State).read_to_end().await);
        let is_pending = |id: &AccountId| states.get(id.as_str())?.pending.as_ref();
        let missing = ids.iter().find(|id| is_pending(id).is_none());
        missing.map_or(Ok(()), |id| Err(format!("{id} has no pending state")))
    });
    are_pending.await.unwrap();
    ids
}

/// Activates them without a webhook, and waits until they are told to be linked.
async fn activate(pipeline: &Pipeline, ids: &[AccountId]) {
    for id in ids {
        let activated =
            pipeline
                .simulator
                .set_status(id, Status::Active, Vec::new(), Notify::Silent);
        activated.unwrap();
    }
    let mut reader = pipeline.reader(Topic::Linked);
    let are_linked = reader.read_until(WAITED, |records| {
        let told = transitions(records);
        ids.iter().all(|id| {
            told.iter()
                .any(|event| event.account_id.as_str() == id.as_str())
        })
    });
    are_linked.await;
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "upgrade: {line}").unwrap();
}
