//! A disk of the broker is full.

use harness::{Broker, Pipeline, ReadRecord, Setup, SmallDiskBroker, WITHIN, story_of};
use stackone_link_wire::{Topic, partition_of_key};
use stackone_simulator::{AccountId, Fault, FaultRule};

use crate::exactly_once::{judge, link_all, stir};
use crate::pipeline_dead_letters::assert_conserved;
use crate::pipeline_outage::a_transaction_failed;

/// The partition whose states cannot be reached.
const WITHOUT: i32 = 0;

/// Links accounts until there are some whose states cannot be reached, and others.
async fn link_both(pipeline: &Pipeline) -> (Vec<AccountId>, Vec<AccountId>) {
    let (mut without, mut others) = (Vec::new(), Vec::new());
    while without.is_empty() || others.is_empty() {
        for id in link_all(&pipeline.simulator, 8).await {
            let bytes = id.as_str().as_bytes();
            match partition_of_key(bytes, pipeline.settings.topic_layout.partitions) {
                WITHOUT => without.push(id),
                _ => others.push(id),
            }
        }
    }
    (without, others)
}

/// Whether every one of the accounts has this story.
fn all_tell(ids: &[AccountId], records: &[ReadRecord], story: &[&str]) -> bool {
    let mut ids = ids.iter();
    ids.all(|id| story_of(id.as_str(), records) == story)
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_whose_states_cannot_be_reached_wait_and_the_others_go_on() {
    let disks = SmallDiskBroker::beside_a_large_one().await.unwrap();
    let broker = Broker::external(disks.bootstrap_servers().to_owned());
    let pipeline = Pipeline::on(broker, "leaderless", Setup::default()).await;
    let processor = pipeline.processor_process("a").await;
    let (without, others) = link_both(&pipeline).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let count = without.len() + others.len();
    lifecycle.events(count).await;
    let state = pipeline.topics.name(Topic::State);
    disks.keep_on_the_small_disk(state, WITHOUT).await.unwrap();
    disks.fill().await.unwrap();
    disks.has_no_leader(state, WITHOUT).await.unwrap();

    stir(&pipeline.simulator, &without).await;
    stir(&pipeline.simulator, &others).await;
    let (linked, refreshed) = (["account.linked"], ["account.linked", "account.refreshed"]);
    let records = lifecycle
        .read_until(WITHIN, |records| all_tell(&others, records, &refreshed))
        .await;
    assert!(all_tell(&without, records, &linked), "{records:?}");
    processor.says("partitions [0] of").await;
    let warning = "restore: no high watermark of the state topic yet";
    processor.says(warning).await;
    // Others go on while it waits, and not only once.
    stir(&pipeline.simulator, &others).await;
    let again = [refreshed.as_slice(), &["account.refreshed"]].concat();
    let records = lifecycle
        .read_until(WITHIN, |records| all_tell(&others, records, &again))
        .await;
    assert!(all_tell(&without, records, &linked), "{records:?}");

    disks.free().await.unwrap();
    let ids = [without, others].concat();
    judge(&pipeline, &ids).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_time_and_nothing_else() {
    let disk = SmallDiskBroker::alone().await.unwrap();
    let broker = Broker::external(disk.bootstrap_servers().to_owned());
    let pipeline = Pipeline::on(broker, "disk-full", Setup::default()).await;
    let processor = pipeline.processor("a").unwrap();
    let mut ids = link_all(&pipeline.simulator, 4).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(ids.len()).await;
    // The answers come when the disk is full.
    let faults = pipeline.simulator.faults();
    let held = faults.set(FaultRule::always(Fault::Hang)).unwrap();
    stir(&pipeline.simulator, &ids).await;
    ids.extend(link_all(&pipeline.simulator, 4).await);
    disk.fill().await.unwrap();
    disk.is_down().await.unwrap();
    assert!(faults.clear(held));
    a_transaction_failed(&processor.admin).await;

    disk.free().await.unwrap();
    judge(&pipeline, &ids).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
