//! What `/readyz` says, and waiting for what it names.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stackone_link_transport::{Topic, TopicAdmin, TopicAdminError};

use crate::admin::{Check, Health};
use crate::config::Settings;
use crate::reconciler::Surroundings;

/// How often topics that are not in order are looked at again.
const TOPICS_INTERVAL: Duration = Duration::from_secs(2);

/// What was found about the topics; none before they were looked at.
#[derive(Default)]
pub(super) struct TopicFindings(Mutex<Option<Vec<String>>>);

/// Waits until every topic is there and set up as it must be, telling `/readyz` what is not.
pub(super) async fn topics_in_order(settings: &Settings, topics: &TopicFindings) {
    let mut told = Vec::new();
    loop {
        let findings = match topic_findings(settings).await {
            Ok(findings) => findings,
            Err(error) => vec![format!("broker cannot be asked for its topics: {error}")],
        };
        let is_in_order = findings.is_empty();
        if findings != told {
            findings
                .iter()
                .for_each(|finding| tracing::error!("{finding}"));
            told.clone_from(&findings);
        }
        *topics.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(findings);
        if is_in_order {
            return;
        }
        tokio::time::sleep(TOPICS_INTERVAL).await;
    }
}

async fn topic_findings(settings: &Settings) -> Result<Vec<String>, TopicAdminError> {
    let admin = TopicAdmin::new(&settings.kafka)?;
    let check_settings = settings.topic_layout.check_settings;
    let findings = admin
        .findings(&settings.topics, &Topic::OF_PROCESSOR, check_settings)
        .await?;
    Ok(findings.iter().map(ToString::to_string).collect())
}

pub(super) fn health(surroundings: &Surroundings, topics: &Arc<TopicFindings>) -> Health {
    let (topics, surroundings) = (Arc::clone(topics), surroundings.clone());
    Health::new(Arc::clone(&surroundings.metrics), move || {
        checks(&surroundings, &topics)
    })
}

fn checks(surroundings: &Surroundings, topics: &TopicFindings) -> Vec<Check> {
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
    let is_restored = surroundings.is_restored.load(Ordering::Acquire);
    let is_refused = surroundings.all_refused.load(Ordering::Acquire);
    let is_stopping = surroundings.stop.is_cancelled();
    vec![
        Check::of("topics", topics),
        Check::unless(
            "partitions",
            !is_restored,
            "not a member of the consumer group yet, or an assigned partition is not restored yet",
        ),
        Check::unless("api_key", is_refused, "every project's API key is refused"),
        Check::unless("stopping", is_stopping, "the process is stopping"),
    ]
}
