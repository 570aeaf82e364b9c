//! What happens to accounts while a sample starts, follows, is stopped and is killed.

use harness::{Pipeline, ReadRecord, WITHIN, states};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, NewAccount, Notify};

use crate::group::Group;
use crate::program::{Environment, Line, Program};

/// The accounts that things happen to.
pub(crate) struct Cast {
    pub(crate) early: AccountId,
    pub(crate) broken: AccountId,
    pub(crate) gone: AccountId,
    pub(crate) failed: AccountId,
}

/// A sample, and what it is started with.
pub(crate) struct Subject<'a> {
    pub(crate) command: &'a [String],
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) environment: Environment,
}

impl Subject<'_> {
    fn start(&self) -> Program {
        Program::start(self.command, &self.environment).unwrap()
    }

    fn group(&self) -> Group {
        Group::new(self.pipeline, &self.environment.group)
    }
}

/// The accounts as they are before the sample starts.
pub(crate) async fn cast(pipeline: &Pipeline) -> Cast {
    let [early, broken, gone] = ["early", "broken", "gone"].map(|owner| link(pipeline, owner));
    let failed = link_in_vain(pipeline, "failed");
    confirmed(pipeline, &[(&early, 1), (&broken, 1), (&gone, 1)]).await;
    set(pipeline, &broken, Status::Error);
    confirmed(pipeline, &[(&broken, 2), (&failed, 1)]).await;
    Cast {
        early,
        broken,
        gone,
        failed,
    }
}

/// Its first start: every account as it is, and then what happens, which it may still see as a
/// state. Gives what it printed, and an account that was linked meanwhile.
pub(crate) async fn starts_and_follows(
    subject: &Subject<'_>,
    cast: &Cast,
) -> (Vec<Line>, AccountId) {
    let pipeline = subject.pipeline;
    let Cast {
        early,
        broken,
        gone,
        failed,
    } = cast;
    let mut sample = subject.start();
    let known = [(early, 1), (broken, 2), (gone, 1), (failed, 1)];
    sample.took(&known).await;
    let late = link(pipeline, "late");
    set(pipeline, broken, Status::Active);
    sample.took(&[(&late, 1), (broken, 3)]).await;
    set(pipeline, &late, Status::Error);
    sample.took(&[(&late, 2)]).await;
    comes_to_follow(&mut sample, pipeline).await;
    (sample.terminate().await, late)
}

/// What happens while it is away is there when it comes back; and killed, it may read again what it
/// had taken.
pub(crate) async fn comes_back(subject: &Subject<'_>, cast: &Cast, late: &AccountId) -> Vec<Line> {
    let Cast { early, gone, .. } = cast;
    let (pipeline, simulator) = (subject.pipeline, &subject.pipeline.simulator);
    simulator.unlink(gone, Notify::Send).unwrap();
    simulator.refresh_credentials(early, Notify::Send).unwrap();
    confirmed(pipeline, &[(gone, 2), (early, 2)]).await;
    let mut sample = subject.start();
    sample.took(&[(gone, 2), (early, 2)]).await;
    let mut lines = sample.kill().await;

    set(pipeline, late, Status::Active);
    let mut sample = subject.start();
    sample.took(&[(late, 3)]).await;
    subject.group().has_read_all().await;
    lines.extend(sample.terminate().await);
    lines
}

/// Every transition comes a second time, and every state.
pub(crate) async fn takes_nothing_that_comes_again(subject: &Subject<'_>) {
    let group = subject.group();
    group.forgets().await;
    let sample = subject.start();
    group.has_read_all().await;
    assert_eq!(sample.terminate().await, []);
}

/// Links accounts until one is told of by a transition: however long it took to read the state
/// topic, which goes on to grow.
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
