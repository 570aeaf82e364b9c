//! Three brokers under faults, while signed webhooks flow and accounts change: what was answered
//! 200 is on its topic, each change is told once, answers come in time, and the services recover
//! without a restart.
//!
//! One round of a few faults; `CAMPAIGN_ROUNDS` plays so many rounds of all of them (`just
//! campaign`).

mod fault;
mod report;
mod stage;
mod stall;

use harness::Cluster;

use crate::exactly_once::random;
use fault::Fault;
use report::Report;
use stage::Stage;

/// Begins each line that it says.
const NAME: &str = "campaign";

#[tokio::test(flavor = "multi_thread")]
async fn three_brokers_fail_one_after_the_other_and_every_webhook_is_stored_and_told_once() {
    let rounds = std::env::var("CAMPAIGN_ROUNDS");
    let rounds = rounds.map(|rounds| rounds.parse::<usize>().unwrap());
    let (rounds, faults): (_, &[Fault]) = match rounds {
        Ok(rounds) => (rounds, &Fault::ALL),
        Err(_absent) => (1, &Fault::FEW),
    };
    let mut random = random(NAME);
    let cluster = Cluster::start().await.unwrap();
    let mut report = Report::default();
    for round in 1..=rounds {
        // Topics and services of its own, so that what has to be remembered stays small.
        let mut stage = Stage::set(&cluster, &mut random).await;
        for fault in faults {
            let outcome = stage.survives(*fault).await;
            report.add(&format!("round {round} of {rounds}"), *fault, outcome);
        }
        stage.judged().await;
    }
    report.show();
}
