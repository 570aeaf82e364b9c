//! The processor: every thread and task that it starts, one after the other.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use harness::{PROJECT, Pipeline, WITHIN, eventually};
use stackone_link_process::spawn::Name;
use stackone_link_transport::tasks as kafka;
use stackone_processor::tasks;
use stackone_processor_operate::tasks as commands;
use stackone_simulator::{Fault, FaultRule, NewAccount};
use tokio::task::{JoinSet, LocalSet};

use super::{PANICKED, Program};

/// How many processors panic at once.
const AT_ONCE: usize = 3;
/// More accounts than the budget takes one by one, so that they are looked up together as well.
const ACCOUNTS: usize = 60;

/// What a running processor starts.
fn of_service() -> BTreeSet<Name> {
    let of_processor = tasks::ALL.iter().copied();
    of_processor
        .chain([kafka::METADATA, kafka::REPORTS])
        .collect()
}

async fn pipeline(test: &str) -> Pipeline {
    let mut pipeline = Pipeline::start(test).await;
    pipeline.settings.projects[0].requests_per_minute = NonZeroU32::new(300).unwrap();
    pipeline.settings.resync.interval = Duration::from_secs(2);
    pipeline
}

fn link(pipeline: &Pipeline, provider: &str) {
    let new = NewAccount::new(provider, "t", "Acme");
    pipeline.simulator.link(&new).unwrap();
}

/// Links one account after the other until one is looked up alone: all there were, and a new one
/// beside them, may be looked up together. True where the processor has ended.
async fn looks_one_up_alone(pipeline: &Pipeline, processor: &mut Program) -> bool {
    let mut linked = 0;
    let looked_up = eventually("an account is looked up alone", WITHIN, async || {
        let emitted = processor.log().matches("\"emitted\"").count();
        if emitted >= ACCOUNTS + linked {
            link(pipeline, "hibob");
            linked += 1;
        }
        let ended = processor.starts_now(tasks::LOOKUP.as_str());
        ended.ok_or_else(|| processor.log())
    });
    looked_up.await.unwrap()
}

/// Has a processor start everything that it ever does, or end before: true where it has ended.
async fn lives_a_full_life(pipeline: &Pipeline, processor: &mut Program) -> bool {
    for name in [
        tasks::RECONCILER,
        tasks::READABLE,
        tasks::RESTORE,
        tasks::CLUSTER,
        tasks::KEY_RELOAD,
        tasks::BATCH_LOOKUP,
        tasks::COMMIT,
        tasks::RESYNC,
    ] {
        if processor.starts(name.as_str()).await {
            return true;
        }
    }
    if looks_one_up_alone(pipeline, processor).await {
        return true;
    }
    // Of lists as well: where others still wait, it is looked up together with them.
    let unreadable = FaultRule::always(Fault::Html);
    let unreadable = pipeline.fault(unreadable);
    link(pipeline, "bamboohr");
    if processor.starts(tasks::REREAD.as_str()).await {
        return true;
    }
    assert!(pipeline.simulator.faults().clear(unreadable));
    pipeline
        .simulator
        .set_api_keys(PROJECT, &["another"])
        .unwrap();
    link(pipeline, "hibob");
    processor.starts(tasks::PROBE.as_str()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_names_all_that_a_processor_starts() {
    let pipeline = pipeline("panics-none").await;
    (0..ACCOUNTS).for_each(|_| link(&pipeline, "hibob"));
    let mut processor = Program::start(pipeline.command(&["run"]), "", None);
    let has_ended = lives_a_full_life(&pipeline, &mut processor).await;
    assert!(!has_ended, "{}", processor.log());
    let started: BTreeSet<String> = processor.names().into_iter().collect();
    let registered = of_service().into_iter().map(|name| name.to_string());
    assert_eq!(started, registered.collect::<BTreeSet<_>>());
    pipeline.stop().await.unwrap();
}

async fn panics(name: Name) {
    let test = format!("panics-{}", name.as_str().replace(' ', "-"));
    let pipeline = pipeline(&test).await;
    (0..ACCOUNTS).for_each(|_| link(&pipeline, "hibob"));
    let command = pipeline.command(&["run"]);
    let mut processor = Program::start(command, name.as_str(), None);
    lives_a_full_life(&pipeline, &mut processor).await;
    let code = processor.ends().await;
    assert_eq!(code, PANICKED, "{name}: {}", processor.log());
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_ends_whatever_thread_or_task_of_it_panics() {
    let names: Vec<Name> = of_service().into_iter().collect();
    let some_at_once = async {
        for some in names.chunks(AT_ONCE) {
            let mut panicking = JoinSet::new();
            for name in some {
                panicking.spawn_local(panics(*name));
            }
            panicking.join_all().await;
        }
    };
    LocalSet::new().run_until(some_at_once).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_ends_whatever_thread_of_it_panics() {
    let pipeline = pipeline("panics-commands").await;
    let all = [
        (commands::DOCTOR, &["doctor"][..]),
        (commands::CONTACT, &["state", "list"]),
        (commands::STATES, &["state", "list"]),
        (commands::STATES, &["unlinks", "list"]),
        (commands::STATES, &["resync"]),
        (commands::REDRIVE, &["redrive", "--dry-run"]),
        (commands::EXPLAIN, &["explain", "a"]),
        (kafka::METADATA, &["topics", "plan"]),
    ];
    let panic: BTreeSet<Name> = all.iter().map(|(name, _)| *name).collect();
    let missing: Vec<_> = commands::ALL
        .iter()
        .filter(|name| !panic.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    for (name, arguments) in all {
        let command = pipeline.command(arguments);
        let mut program = Program::start(command, name.as_str(), None);
        let code = program.ends().await;
        assert_eq!(code, PANICKED, "{arguments:?}: {}", program.log());
    }
    pipeline.stop().await.unwrap();
}
