//! Decides what `/readyz` answers, and waits for the topics.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stackone_link_transport::{KafkaConfig, TopicAdmin, TopicAdminError, TopicFinding};
use stackone_link_wire::Topic;

use crate::admin::{Health, ReadinessCheck};
use crate::clock;
use crate::config::Settings;
use crate::heartbeat::Heartbeat;
use crate::restore::OpenTransactions;
use crate::shell::Context;
use stackone_processor_core::time::Monotonic;

/// How often topics are checked again while something is wrong with them.
const TOPICS_INTERVAL: Duration = Duration::from_secs(2);

/// The findings about the topics; `None` before they were checked.
#[derive(Default)]
pub(super) struct TopicFindings(Mutex<Option<Vec<String>>>);

/// Waits until every topic exists with the settings that it must have, and shows `/readyz` what is
/// missing. A finding that only holds up dead letters is logged and not waited for, because the
/// wait would improve nothing.
pub(super) async fn topics_in_order(settings: &Settings, topics: &TopicFindings) {
    let mut told = Vec::new();
    loop {
        let TopicProblems { awaited, told_only } = match topic_findings(settings).await {
            Ok(findings) => TopicProblems::of(&findings),
            Err(error) => TopicProblems {
                awaited: vec![format!("broker cannot be asked for its topics: {error}")],
                told_only: Vec::new(),
            },
        };
        let is_in_order = awaited.is_empty();
        let lines = [awaited.as_slice(), &told_only].concat();
        if lines != told {
            lines.iter().for_each(|line| tracing::error!("{line}"));
            told = lines;
        }
        *topics.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(awaited);
        if is_in_order {
            return;
        }
        tokio::time::sleep(TOPICS_INTERVAL).await;
    }
}

/// The findings about topics, one line each.
struct TopicProblems {
    awaited: Vec<String>,
    told_only: Vec<String>,
}

impl TopicProblems {
    fn of(findings: &[TopicFinding]) -> Self {
        let lines = |forbids_start| {
            let such = findings
                .iter()
                .filter(|finding| finding.forbids_start() == forbids_start && finding.is_wrong());
            such.map(ToString::to_string).collect()
        };
        Self {
            awaited: lines(true),
            told_only: lines(false),
        }
    }
}

async fn topic_findings(settings: &Settings) -> Result<Vec<TopicFinding>, TopicAdminError> {
    let admin = TopicAdmin::new(&settings.kafka)?.resyncing_every(settings.resync.interval);
    let check_settings = settings.topic_layout.check_settings;
    admin
        .findings(&settings.topics, &Topic::OF_PROCESSOR, check_settings)
        .await
}

pub(super) fn health(context: &Context, topics: &Arc<TopicFindings>, kafka: KafkaConfig) -> Health {
    let (topics, context) = (Arc::clone(topics), context.clone());
    let heartbeat = Arc::clone(&context.heartbeat);
    Health::new(
        Arc::clone(&context.metrics),
        move || stall(&heartbeat, clock::monotonic()),
        move || checks(&context, &topics, &kafka),
    )
}

/// Returns why the process should be restarted; `None` where it should not.
fn stall(heartbeat: &Heartbeat, now: Monotonic) -> Option<String> {
    let still = heartbeat.stalled_for(now)?.as_secs();
    Some(format!("the reconciler has not turned for {still} s"))
}

fn checks(context: &Context, topics: &TopicFindings, kafka: &KafkaConfig) -> Vec<ReadinessCheck> {
    let findings = topics
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let topics = match findings {
        None => Some("the broker was not asked yet".to_owned()),
        Some(findings) if findings.is_empty() => None,
        Some(findings) => Some(findings.join("; ")),
    };
    let is_restored = context.is_restored.load(Ordering::Acquire);
    let is_refused = context.all_refused.load(Ordering::Acquire);
    let is_stopping = context.stop.is_cancelled();
    vec![
        ReadinessCheck::of("topics", topics),
        ReadinessCheck::of("kafka_credentials", kafka.credential_problem()),
        ReadinessCheck::of(
            "partitions",
            (!is_restored).then(|| unrestored(&context.open_transactions)),
        ),
        ReadinessCheck::unless("api_key", is_refused, "every project's API key is refused"),
        ReadinessCheck::unless("stopping", is_stopping, "the process is stopping"),
    ]
}

/// Returns why an assigned partition is not restored, as far as that is known.
fn unrestored(open: &OpenTransactions) -> String {
    let unknown =
        "not a member of the consumer group yet, or an assigned partition is not restored yet";
    open.reason().unwrap_or_else(|| unknown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_holds_up_dead_letters_only_is_told_and_not_waited_for() {
        let missing = TopicFinding::Missing {
            name: "state".to_owned(),
        };
        let letters = TopicFinding::DeadLetterTopic {
            name: "letters".to_owned(),
            takes: 1,
            events: "events".to_owned(),
            needed: 2,
        };
        let TopicProblems { awaited, told_only } =
            TopicProblems::of(&[letters.clone(), missing.clone()]);
        assert_eq!(awaited, [missing.to_string()]);
        assert_eq!(told_only, [letters.to_string()]);
    }
}
