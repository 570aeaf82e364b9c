//! The budget of a project keeps its API from ever saying that there were too many requests.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use harness::{Pipeline, PipelineSettings};
use stackone_link_wire::Topic;

use crate::pipeline_dead_letters::assert_conserved;

/// What StackOne allows an API key, and what a project is asked by default.
const ALLOWED: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
const BUDGET: NonZeroU32 = NonZeroU32::new(900).unwrap();
/// More than the budget of a minute, so that the simulator's window of a minute is full before the
/// last is asked for.
const ACCOUNTS: usize = 960;
/// Four times what the budget takes for them.
const WITHIN: Duration = Duration::from_secs(260);

/// Confirms accounts, one request each, with so many replicas. They are there before the first
/// record comes.
async fn confirm_all(replicas: usize) {
    let settings = PipelineSettings {
        partitions: 4,
        max_ids: 1,
        requests_per_minute: BUDGET,
        rate_limit: ALLOWED,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::with("budget", settings).await.unwrap();
    let names = ["a", "b", "c", "d"].into_iter().take(replicas);
    let processors: Vec<_> = names
        .map(|name| pipeline.processor(name).unwrap())
        .collect();
    let began = Instant::now();
    for number in 0..ACCOUNTS {
        pipeline.link(&format!("t{number}"));
    }
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle
        .read_until(WITHIN, |records| records.len() >= ACCOUNTS)
        .await;
    let took = began.elapsed();
    assert_all_were_answered(&pipeline, replicas);
    let at_least = Duration::from_secs(60) * u32::try_from(ACCOUNTS).unwrap() / BUDGET.get();
    assert!(
        took >= at_least - Duration::from_secs(1),
        "{replicas} replicas: the budget was not what took the time: {took:?}"
    );
    for processor in processors {
        assert_conserved(&processor.admin).await;
        processor.stop().await.unwrap();
    }
    pipeline.stop().await.unwrap();
}

fn assert_all_were_answered(pipeline: &Pipeline, replicas: usize) {
    let requests = pipeline.simulator.api_requests();
    let answered: u64 = requests.iter().map(|request| request.count).sum();
    let refused = requests.iter().filter(|request| request.status == 429);
    assert_eq!(
        refused.count(),
        0,
        "{replicas} replicas exceeded the limit: {requests:?}"
    );
    assert!(answered >= ACCOUNTS.try_into().unwrap(), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_two_and_four_replicas_share_a_budget_and_are_never_rate_limited() {
    tokio::join!(confirm_all(1), confirm_all(2), confirm_all(4));
}
