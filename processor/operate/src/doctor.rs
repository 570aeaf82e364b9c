//! Checks everything that a processor depends on, and says what is wrong and what to do. Changes
//! nothing: it joins no group, publishes nothing, and asks each API for one account.
//!
//! Observations (`seen`) are apart from their meaning (`judge`, pure): `ask_kafka` and `ask_api`
//! only observe.

mod ask_api;
mod ask_kafka;
mod finding;
mod judge;
mod seen;
mod survey;

use std::time::Duration;

use jiff::Timestamp;
use stackone_processor::config::Config;
use tokio::sync::watch;

use crate::project_names::projects;
use ask_kafka::Cluster;

pub use finding::{Check, Finding, Verdict};

/// Runs all checks. Each may take as long as `within`. It shows in `under_way` what it waits for;
/// the API is asked beside the rest.
pub async fn look(
    config: &Config,
    within: Duration,
    under_way: &watch::Sender<Check>,
) -> Vec<Finding> {
    let mut findings = vec![judge::configuration(&config.settings)];
    let kafka = async {
        let findings = kafka(config, within, under_way).await;
        under_way.send_replace(Check::Api);
        findings
    };
    let (kafka, api) = tokio::join!(kafka, ask_api::findings(config, within));
    findings.extend(kafka);
    findings.extend(api);
    findings
}

/// Runs the checks of Kafka one after the other. Where no broker answers, the rest is left out.
async fn kafka(
    config: &Config,
    within: Duration,
    under_way: &watch::Sender<Check>,
) -> Vec<Finding> {
    let cluster = Cluster::new(&config.settings);
    under_way.send_replace(Check::Broker);
    let brokers = cluster.brokers(within).await;
    let mut findings = vec![judge::brokers(&config.settings, &brokers)];
    if brokers.is_err() {
        let rest = [
            Check::Topics,
            Check::Access,
            Check::State,
            Check::Group,
            Check::Work,
            Check::DeadLetters,
            Check::Resync,
        ];
        let not_asked = |check| Finding::unknown(check, "not looked at, since no broker answers");
        findings.extend(rest.map(not_asked));
        return findings;
    }
    let known = brokers.iter();
    findings.extend(known.filter_map(|seen| judge::product(&config.settings, seen)));
    under_way.send_replace(Check::Topics);
    let topics = cluster.topics(within).await;
    under_way.send_replace(Check::State);
    let state = cluster.state(within).await;
    under_way.send_replace(Check::Group);
    let group = cluster.group(within).await;
    findings.extend(judge::topics(
        &config.settings.kafka.bootstrap_servers,
        &topics,
    ));
    findings.extend(judge::access(&config.settings, &topics, &state, &group));
    findings.extend(judge::state(&config.settings.topics.state, &state));
    findings.extend(judge::group(&config.settings.group.id, &group));
    let now = Timestamp::now();
    findings.extend(judge::work(&projects(&config.settings), &state, now));
    under_way.send_replace(Check::DeadLetters);
    let letters = cluster.letters(within).await;
    findings.extend(judge::letters(
        &config.settings.topics.dead_letter,
        &letters,
    ));
    let interval = config.settings.resync.interval;
    under_way.send_replace(Check::Resync);
    let lists = cluster.lists(config).await;
    let judged = |(project, seen): &(String, _)| judge::resync(project, interval, *seen, now);
    findings.extend(lists.iter().map(judged));
    findings
}
