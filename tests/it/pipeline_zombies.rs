//! Zombies: a processor sleeps in a transaction, another takes its partitions over, and it wakes.
//!
//! The transaction may take far longer than the group waits for a member, so that nothing but the
//! generation, which the broker checks when offsets are sent, can tell that the sleeper has lost
//! its partitions.

use std::collections::HashSet;
use std::time::Duration;

use harness::{
    Disturbance, Isolation, Pipeline, ServiceProcess, Step, TopicReader, WITHIN, transitions,
};
use stackone_link_wire::Topic;
use stackone_simulator::AccountId;

use crate::exactly_once::{faults, judge, link_all, stir};

const ACCOUNTS: usize = 6;
/// What every account does while the zombie sleeps.
const CHANGE: &str = "account.refreshed";

/// A processor that sleeps in the first transaction of a change, and another that has joined its
/// group since.
struct Stage {
    pipeline: Pipeline,
    ids: Vec<AccountId>,
    lifecycle: TopicReader,
    zombie: ServiceProcess,
    successor: ServiceProcess,
}

impl Stage {
    async fn set(test: &str, step: Step, is_without_offsets: bool) -> Self {
        let mut pipeline = Pipeline::start(test).await;
        pipeline.settings.transactions.timeout = Duration::from_secs(60);
        let disturbance = Disturbance {
            is_held_before: Some((step, CHANGE)),
            is_without_offsets,
        };
        let zombie = pipeline.disturbed_process("zombie", disturbance).await;
        let ids = link_all(&pipeline.simulator, ACCOUNTS).await;
        let mut lifecycle = pipeline.reader(Topic::Lifecycle);
        lifecycle.events(ACCOUNTS).await;
        stir(&pipeline.simulator, &ids).await;
        zombie.falls_asleep().await;
        let successor = pipeline.processor_process("successor").await;
        Self {
            pipeline,
            ids,
            lifecycle,
            zombie,
            successor,
        }
    }

    /// Waits until the change of every account was seen.
    async fn change_is_seen(&mut self) {
        self.lifecycle.at_least(2 * ACCOUNTS).await;
    }

    /// Accounts whose change is on the topic, whatever becomes of its transaction; each as often as
    /// it is there.
    async fn written(&self) -> Vec<String> {
        let (servers, topic) = (
            self.pipeline.broker.bootstrap_servers(),
            self.pipeline.topics.name(Topic::Lifecycle),
        );
        let reader = TopicReader::new(servers, topic, Isolation::ReadUncommitted);
        let events = transitions(&reader.read_to_end().await).into_iter();
        events
            .filter(|event| event.version == 2)
            .map(|event| event.account_id.to_string())
            .collect()
    }

    /// The two share what comes next, and everything was seen once.
    async fn judged(self) {
        stir(&self.pipeline.simulator, &self.ids).await;
        judge(&self.pipeline, &self.ids).await;
        self.zombie.stop().await;
        self.successor.stop_with(self.pipeline).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_that_slept_before_its_transaction_is_refused() {
    let mut stage = Stage::set("zombie-begin", Step::Begin, false).await;
    stage.change_is_seen().await;
    stage.zombie.wake().await;
    stage.zombie.says("transaction aborted").await;
    stage.judged().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_that_slept_before_sending_offsets_is_refused() {
    let mut stage = Stage::set("zombie-offsets", Step::SendOffsets, false).await;
    let of_zombie = stage.written().await;
    assert!(!of_zombie.is_empty(), "it was flushed before it slept");
    stage
        .successor
        .says("waiting for an open transaction")
        .await;
    assert_written_once(&of_zombie, &stage.written().await);
    stage.zombie.wake().await;
    stage.zombie.says("transaction aborted").await;
    stage.change_is_seen().await;
    stage.judged().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_waits_for_a_zombie_that_sleeps_before_its_commit() {
    let mut stage = Stage::set("zombie-commit", Step::Commit, false).await;
    let of_zombie = stage.written().await;
    assert!(!of_zombie.is_empty(), "it was flushed before it slept");
    // Asked for offsets that an open transaction moves, the broker says neither the old nor the new
    // ones.
    stage.successor.says("no stable committed offset yet").await;
    assert_written_once(&of_zombie, &stage.written().await);
    stage.zombie.wake().await;
    stage.change_is_seen().await;
    // The broker had checked its generation before it slept: it commits, and nobody decides the
    // same again.
    assert_written_once(&of_zombie, &stage.written().await);
    stage.judged().await;
}

fn assert_written_once(accounts: &[String], written: &[String]) {
    let unique: HashSet<_> = accounts.iter().collect();
    let times = |account: &String| written.iter().filter(|other| *other == account).count();
    assert!(
        unique.iter().all(|account| times(account) == 1),
        "{accounts:?} are decided, and written: {written:?}"
    );
}

/// The proof of the proof: what fences is sending offsets, and the judge sees it when they are left
/// out.
#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_that_sends_no_offsets_doubles_a_transition_and_the_judge_sees_it() {
    let mut stage = Stage::set("zombie-unfenced", Step::Begin, true).await;
    stage.change_is_seen().await;
    assert_eq!(faults(stage.lifecycle.records()), Vec::<String>::new());
    stage.zombie.wake().await;
    let doubled = |records: &[_]| {
        faults(records)
            .iter()
            .any(|fault| fault.ends_with("version 2 where 3 is due"))
    };
    stage.lifecycle.read_until(WITHIN, doubled).await;
    stage.zombie.kill().await;
    stage.successor.kill().await;
    stage.pipeline.stop().await.unwrap();
}
