//! A processor that goes on where another died.

use harness::{Disturbance, Pipeline, Step};
use stackone_link_wire::Topic;

use crate::exactly_once::{judge, link_all, stir};

/// The new one has another instance id, as on another machine, so that nothing but the time a
/// transaction may take ends the one that is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_machine_goes_on_where_a_dead_one_left_a_transaction_open() {
    let pipeline = Pipeline::start("machine").await;
    let disturbance = Disturbance {
        is_held_before: Some((Step::Commit, "account.refreshed")),
        ..Disturbance::default()
    };
    let old = pipeline.disturbed_process("old", disturbance).await;
    let ids = link_all(&pipeline.simulator, 6).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(ids.len()).await;
    stir(&pipeline.simulator, &ids).await;
    old.falls_asleep().await;
    old.kill().await;
    let new = pipeline.processor_process("new").await;
    judge(&pipeline, &ids).await;
    let seen = pipeline.all(Topic::Lifecycle).await.len();
    assert_eq!(seen, 2 * ids.len(), "each was linked and changed once");
    new.stop_with(pipeline).await;
}
