//! An API key is rotated without a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{API_KEY, Metrics, PROJECT, Pipeline, ReadRecord, WITHIN, eventually};
use stackone_link_transport::Topic;
use stackone_simulator::NewAccount;

use crate::pipeline_dead_letters::assert_conserved;

/// Far less than the 30 s between two probes of a refused key.
const SOON: Duration = Duration::from_secs(10);

/// Links an account and says whether the project is halted because its key is refused.
async fn link_and_look(pipeline: &Pipeline, admin: &str, linked: &mut BTreeSet<String>) -> bool {
    let new = NewAccount::new("hibob", "t", "Acme");
    let id = pipeline.simulator.link(&new).unwrap();
    linked.insert(id.as_str().to_owned());
    let metrics = Metrics::of(admin).await.unwrap();
    let labels = format!("{{project=\"{PROJECT}\",reason=\"refused\"}}");
    metrics.get(&format!("stackone_processor_project_halted{labels}")) > 0.5
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_replaced_under_load_is_used_at_once_and_nothing_is_put_aside() {
    let pipeline = Pipeline::start("keys").await.unwrap();
    let processor = pipeline.processor("a").unwrap();
    let admin = &processor.admin;
    let mut linked = BTreeSet::new();
    for _ in 0..20 {
        assert!(!link_and_look(&pipeline, admin, &mut linked).await);
    }
    pipeline.set_api_key("v1.eu1.revoked\n").unwrap();
    let halted = eventually("the key is refused", WITHIN, async || match link_and_look(
        &pipeline,
        admin,
        &mut linked,
    )
    .await
    {
        true => Ok(()),
        false => Err("the project goes on"),
    });
    halted.await.unwrap();

    pipeline.set_api_key(&format!("{API_KEY}\n")).unwrap();
    let goes_on = eventually("the new key is probed", SOON, async || match link_and_look(
        &pipeline,
        admin,
        &mut linked,
    )
    .await
    {
        true => Err("the project is halted"),
        false => Ok(()),
    });
    goes_on.await.unwrap();
    let keys = |records: &[ReadRecord]| -> BTreeSet<String> {
        records
            .iter()
            .filter_map(|record| record.key.clone())
            .collect()
    };
    let mut topic = pipeline.reader(Topic::Linked);
    let records = topic
        .read_until(WITHIN, |records| records.len() == linked.len())
        .await;
    assert_eq!(keys(records), linked);
    assert!(
        pipeline
            .reader(Topic::DeadLetter)
            .read_to_end()
            .await
            .is_empty()
    );
    assert_conserved(admin).await;
    processor.stop().await.unwrap();
    pipeline.stop().await.unwrap();
}
