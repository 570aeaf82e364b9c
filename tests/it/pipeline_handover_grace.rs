//! A grace period and the partition that it is kept in, when another replica takes that over.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use harness::{Metrics, Pipeline, PipelineSettings, ReadRecord, WITHIN, eventually, transitions};
use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::AccountState;
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus as Status, NewAccount, Simulator};

use crate::exactly_once::faults;
use crate::pipeline_dead_letters::assert_conserved;

const ACCOUNTS: usize = 12;

/// Ids that every partition has some of.
fn link_inactive(simulator: &Simulator) {
    for number in 0..ACCOUNTS {
        let new = NewAccount {
            id: Some(AccountId::from(format!("doubted-{number}"))),
            status: Status::Inactive,
            ..NewAccount::new("hibob", "t", "Acme")
        };
        simulator.link(&new).unwrap();
    }
}

/// Accounts among the keys.
fn doubted(events: &[ReadRecord]) -> usize {
    let keys = events.iter().filter_map(|record| record.key.as_deref());
    let accounts = keys.filter(|key| key.starts_with("doubted"));
    accounts.collect::<HashSet<_>>().len()
}

/// Since when each account was ever said to be in a grace period.
fn began(states: &[ReadRecord]) -> HashMap<String, HashSet<Timestamp>> {
    let mut began: HashMap<_, HashSet<_>> = HashMap::new();
    for record in states.iter().filter(|record| !record.value.is_empty()) {
        let state: AccountState = record.json();
        if let Some(grace) = state.pending.and_then(|pending| pending.grace) {
            let dates = began.entry(state.account_id.to_string()).or_default();
            dates.insert(grace.since);
        }
    }
    began
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_period_goes_on_where_its_partition_goes() {
    let grace = Duration::from_secs(40);
    let settings = PipelineSettings {
        activation_grace: grace,
        partitions: 6,
        ..PipelineSettings::default()
    };
    let (pipeline, first) = Pipeline::at_work_with("handed-over", settings).await;
    link_inactive(&pipeline.simulator);
    pipeline.simulator.settled().await;
    // What follows is about records that are there.
    pipeline
        .reader(Topic::AccountEvents)
        .read_until(WITHIN, |records| doubted(records) == ACCOUNTS)
        .await;
    let mut states = pipeline.reader(Topic::State);
    states
        .read_until(WITHIN, |records| began(records).len() == ACCOUNTS)
        .await;
    let second = pipeline.processor("b").unwrap();
    let taken_over = eventually("accounts in doubt are handed over", WITHIN, async || {
        let metrics = Metrics::of(&second.admin).await?;
        let restored = metrics.get("stackone_processor_records_restored_total");
        anyhow::ensure!(restored > 0.5, "{restored}");
        anyhow::Ok(())
    });
    taken_over.await.unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(ACCOUNTS).await;
    assert_eq!(faults(records), Vec::<String>::new());
    let began = began(&pipeline.all(Topic::State).await);
    for event in transitions(records) {
        let dates = &began[event.account_id.as_str()];
        assert_eq!(dates.len(), 1, "it was begun anew: {dates:?}");
        let since = *dates.iter().next().unwrap();
        let took = event.confirmed_at.duration_since(since);
        assert!(took >= SignedDuration::try_from(grace).unwrap(), "{took}");
        assert_eq!(event.event_type.as_str(), "account.link_failed");
        // One webhook, which may be stored twice where its sender did not wait for the answer; no
        // record counts twice.
        let ids: HashSet<_> = event.caused_by.iter().map(|cause| cause.event_id).collect();
        let records: HashSet<_> = event
            .caused_by
            .iter()
            .map(|cause| (cause.partition, cause.offset))
            .collect();
        assert_eq!(ids.len(), 1, "{event:?}");
        assert_eq!(records.len() as u64, event.caused_by_total, "{event:?}");
    }
    assert_conserved(&first.admin).await;
    assert_conserved(&second.admin).await;
    first.stop().await.unwrap();
    second.stop_with(pipeline).await;
}
