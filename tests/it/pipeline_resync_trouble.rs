//! Resyncs of a project whose list fails, or is wrong.

use std::num::NonZeroUsize;
use std::time::Duration;

use harness::{Metrics, OTHER_PROJECT, PROJECT, Pipeline, Setup, WITHIN, eventually, transitions};
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule, NewAccount, Notify, Operation};

use crate::pipeline_dead_letters::assert_conserved;
use crate::pipeline_resync_command::resync;

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_be_listed_holds_up_no_other() {
    let mut pipeline = Pipeline::start("resync-projects").await;
    pipeline.settings.resync.interval = Duration::from_secs(2);
    pipeline.add_other_project();
    // The first that is configured, so where one waits for the other it is not this one that waits.
    let never = FaultRule::always(Fault::Hang)
        .for_project(PROJECT)
        .for_operation(Operation::List);
    pipeline.fault(never);
    let lost = NewAccount {
        project_id: Some(OTHER_PROJECT.to_owned()),
        notify: Notify::Silent,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let lost = pipeline.simulator.link(&lost).unwrap();
    let processor = pipeline.processor("a").unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(1).await;
    assert_eq!(transitions(records)[0].account_id.as_str(), lost.as_str());
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_a_list_is_no_error() {
    let mut pipeline = Pipeline::start("resync-stop").await;
    pipeline.settings.resync.interval = Duration::from_secs(60 * 60);
    // Nothing is given up before the stop.
    pipeline.settings.lookups.timeout = WITHIN;
    let never = FaultRule::always(Fault::Hang).for_operation(Operation::List);
    pipeline.fault(never);
    let processor = pipeline.processor_process("a").await;
    // Nothing is known of earlier lists, so the first is due at once. It tells each partition that
    // it begins.
    let mut events = pipeline.reader(Topic::AccountEvents);
    events.events(3).await;
    let logged = processor.stop().await;
    let lines = |text: &str| logged.iter().filter(|line| line.contains(text)).count();
    assert_eq!(lines("resync ends: the process stops"), 1, "{logged:#?}");
    // A busy broker may be warned of, and that is none of the list's.
    let is_of_list = |line: &&String| {
        let is_trouble = line.contains("\"ERROR\"") || line.contains("\"WARN\"");
        is_trouble
            && ["resync", "StackOne", "list"]
                .iter()
                .any(|word| line.contains(word))
    };
    let troubles: Vec<_> = logged.iter().filter(is_of_list).collect();
    assert!(troubles.is_empty(), "{troubles:#?}");
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_misses_everything_is_doubted_and_queues_no_more_than_there_is_room_for() {
    /// Each was looked up when it was linked, and as many as there is room for are once more.
    const ACCOUNTS: usize = 40;
    const ROOM: usize = 5;
    let mut pipeline = Pipeline::with("resync-empty", Setup::partitions(1)).await;
    pipeline.settings.limits.max_pending_accounts = NonZeroUsize::new(ROOM).unwrap();
    // Lookups are counted, and one that is late on a busy machine would be made again.
    pipeline.settings.lookups.timeout = WITHIN;
    let processor = pipeline.processor_process("a").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    for number in 0..ACCOUNTS {
        pipeline.link(&format!("t{number}"));
    }
    lifecycle.events(ACCOUNTS).await;
    let empty = FaultRule::always(Fault::CapPage { accounts: 0 }).for_operation(Operation::List);
    pipeline.fault(empty);

    let summary = resync(&pipeline).await;
    assert_eq!((summary.listed, summary.is_complete), (0, true));
    let admin = processor.admin.clone();
    let missing = format!(
        "stackone_processor_resync_differences_total{{kind=\"missing\",project=\"{PROJECT}\"}}"
    );
    let looked_up = eventually("the missing ones are looked up", WITHIN, async || {
        let metrics = Metrics::of(&admin)
            .await
            .map_err(|error| error.to_string())?;
        let lookups = metrics.sum("stackone_processor_lookups_total");
        let found = metrics.get(&missing);
        (lookups > 44.5)
            .then_some(found)
            .ok_or(format!("{lookups} lookups"))
    });
    let looked_up = looked_up.await.unwrap();
    assert!((looked_up - 5.0).abs() < 0.5, "{looked_up} looked up");
    let doubted = "did not list more accounts than can be believed";
    let warned = processor.says(doubted).await;
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains(PROJECT), "{warned:?}");
    assert_conserved(&admin).await;
    processor.stop().await;
    let told = pipeline.all(Topic::Lifecycle).await;
    assert_eq!(told.len(), ACCOUNTS, "all of them answer");
    pipeline.stop().await.unwrap();
}
