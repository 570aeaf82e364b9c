//! An outage of one project's API: nothing is lost, the other project does not notice, and then all
//! is asked for.

use std::num::NonZeroU32;

use harness::{
    Metrics, OTHER_PROJECT, PROJECT, Pipeline, Setup, WITHIN, assert_story, eventually, metric_is,
};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, Fault, FaultRule, NewAccount};

use crate::pipeline_dead_letters::assert_conserved;

fn link(pipeline: &Pipeline, project: &str, accounts: usize) -> Vec<AccountId> {
    let link = |number| {
        let new = NewAccount {
            project_id: Some(project.to_owned()),
            ..NewAccount::new("hibob", &format!("{project} {number}"), "Acme")
        };
        pipeline.simulator.link(&new).unwrap()
    };
    (0..accounts).map(link).collect()
}

/// Waits until the gauge of the project has at least this value.
async fn reaches(admin: &str, gauge: &str, project: &str, least: f64) {
    let sample = format!("stackone_processor_{gauge}{{project=\"{project}\"}}");
    metric_is(admin, &sample, |seen| seen >= least)
        .await
        .unwrap();
}

/// Requests with the project's key that were answered with `status`.
fn answers(pipeline: &Pipeline, project: &str, status: u16) -> u64 {
    let counts = pipeline.simulator.api_requests();
    let of = counts
        .iter()
        .filter(|count| count.project_id.as_deref() == Some(project) && count.status == status);
    of.map(|count| count.count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_one_projects_api_costs_time_and_the_other_project_does_not_notice() {
    // What StackOne allows, and the default budget.
    let setup = Setup {
        rate_limit: NonZeroU32::new(1_000).unwrap(),
        ..Setup::default()
    };
    let mut pipeline = Pipeline::with("breaker", setup).await;
    pipeline.settings.projects[0].requests_per_minute = NonZeroU32::new(900).unwrap();
    pipeline.add_other_project();
    let processor = pipeline.processor("a").unwrap();
    let faults = pipeline.simulator.faults();
    let outage = FaultRule::always(Fault::status(503)).for_project(PROJECT);
    let outage = faults.set(outage).unwrap();
    let waiting = link(&pipeline, PROJECT, 60);
    reaches(&processor.admin, "breaker_open", PROJECT, 1.0).await;
    reaches(&processor.admin, "pending_accounts", PROJECT, 60.0).await;

    let others = link(&pipeline, OTHER_PROJECT, 20);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(others.len()).await;
    for id in &others {
        assert_story(records, id.as_str(), ["linked"]);
    }
    reaches(&processor.admin, "oldest_pending_seconds", PROJECT, 5.0).await;
    reaches(&processor.admin, "pending_accounts", PROJECT, 60.0).await;
    let in_outage = answers(&pipeline, PROJECT, 503);
    assert!(in_outage <= 60, "{in_outage} requests in the outage");

    faults.clear(outage);
    let all = waiting.len() + others.len();
    let records = lifecycle.events(all).await;
    for id in &waiting {
        assert_story(records, id.as_str(), ["linked"]);
    }
    for project in [PROJECT, OTHER_PROJECT] {
        assert_eq!(answers(&pipeline, project, 429), 0);
    }
    assert_eq!(answers(&pipeline, OTHER_PROJECT, 503), 0);
    let closed = eventually("the breaker is closed", WITHIN, async || {
        let metrics = Metrics::of(&processor.admin)
            .await
            .map_err(|error| error.to_string())?;
        let open = metrics.sum("stackone_processor_breaker_open");
        (open < 0.5).then_some(()).ok_or_else(|| open.to_string())
    });
    closed.await.unwrap();
    let dead = pipeline.all(Topic::DeadLetter).await;
    assert!(dead.is_empty());
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
