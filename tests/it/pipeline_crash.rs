//! Processors that are killed, and replicas that come and go: what a `read_committed` reader sees
//! is as if they had not.
//!
//! `PROCESSOR_SEED` plays one run again; `PROCESSOR_KILLS` has more of the kills (`just soak`).

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use harness::{Pipeline, ServiceProcess, WITHIN, assert_story, states, transitions};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountStatus as Status, NewAccount, Notify};

use crate::exactly_once::{Load, judge, random, say};
use crate::pipeline_dead_letters::assert_conserved;

/// So many, or as `PROCESSOR_KILLS` says.
const KILLS: usize = 20;
/// Changes, of which there are 25 a second: from the start of a processor to when it works, after
/// one was killed.
const UNTIL_AT_WORK: u64 = 150;
/// While it restores, looks up and commits.
const AT_WORK: u64 = 20;

/// About two minutes, most of which the group waits for those that were killed.
#[tokio::test(flavor = "multi_thread")]
async fn every_transition_is_seen_once_although_the_processor_is_killed_twenty_times() {
    let mut random = random("killed");
    let pipeline = Pipeline::start("killed").await;
    let load = Load::start(&pipeline.simulator, random.fork());
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let kills = std::env::var("PROCESSOR_KILLS");
    let kills = kills.map_or(KILLS, |kills| kills.parse().unwrap());
    for _ in 0..kills {
        let processor = pipeline.processor_process("a").await;
        let before = lifecycle.records().len();
        // Two of three die when they have committed something, the others at any moment after they
        // started.
        if random.u8(..3) > 0 {
            lifecycle
                .read_until(WITHIN, |records| records.len() > before)
                .await;
            load.more(random.u64(..AT_WORK)).await;
        } else {
            load.more(random.u64(..UNTIL_AT_WORK)).await;
        }
        processor.kill().await;
    }
    let last = pipeline.processor_process("a").await;
    let ids = load.finish().await;
    judge(&pipeline, &ids).await;
    assert_conserved(&last.admin).await;
    last.stop_with(pipeline).await;
}

const REPLICAS: [&str; 3] = ["a", "b", "c"];
/// About a minute.
const STORM: u64 = 1500;

/// Replicas that come and go.
struct Storm<'a> {
    pipeline: &'a Pipeline,
    running: BTreeMap<&'static str, ServiceProcess>,
    random: Rng,
}

impl Storm<'_> {
    async fn one_comes_or_goes(&mut self) {
        let absent = REPLICAS
            .iter()
            .find(|name| !self.running.contains_key(**name));
        match absent {
            Some(name) if self.running.len() < 2 || self.random.bool() => {
                let process = self.pipeline.processor_process(name).await;
                self.running.insert(name, process);
            }
            Some(_) | None => self.one_goes().await,
        }
    }

    async fn one_goes(&mut self) {
        let index = self.random.usize(..self.running.len());
        let name = *self.running.keys().nth(index).unwrap();
        let process = self.running.remove(name).unwrap();
        if self.random.bool() {
            say("storm", &format!("{name} is told to stop"));
            process.stop().await;
        } else {
            say("storm", &format!("{name} is killed"));
            process.kill().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_is_seen_once_although_replicas_come_and_go_for_a_minute() {
    let mut random = random("storm");
    let pipeline = Pipeline::start("storm").await;
    let load = Load::start(&pipeline.simulator, random.fork());
    let mut storm = Storm {
        pipeline: &pipeline,
        running: BTreeMap::new(),
        random,
    };
    while load.changes() < STORM {
        storm.one_comes_or_goes().await;
        let pause = storm.random.u64(25..125);
        load.more(pause).await;
    }
    while storm.running.len() < 2 {
        storm.one_comes_or_goes().await;
    }
    let ids = load.finish().await;
    judge(&pipeline, &ids).await;
    for (_, process) in storm.running {
        assert_conserved(&process.admin).await;
        process.stop().await;
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_when_a_processor_was_killed_is_decided_by_the_next() {
    let mut pipeline = Pipeline::start("killed-pending").await;
    pipeline.settings.reconcile.activation_grace = Duration::from_secs(20);
    let first = pipeline.processor_process("a").await;
    let new = NewAccount {
        status: Status::Inactive,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let id = pipeline.simulator.link(&new).unwrap();
    let mut state = pipeline.reader(Topic::State);
    state
        .read_until(WITHIN, |records| {
            states(records)
                .get(id.as_str())
                .is_some_and(|state| state.pending.is_some())
        })
        .await;
    first.kill().await;
    // Silent: nothing but the pending state tells the next processor to look.
    pipeline
        .simulator
        .set_status(&id, Status::Active, Vec::new(), Notify::Silent)
        .unwrap();
    let second = pipeline.processor_process("a").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.at_least(1).await;
    assert_story(records, id.as_str(), ["linked"]);
    assert_eq!(transitions(records)[0].caused_by_total, 1);
    second.stop_with(pipeline).await;
}
