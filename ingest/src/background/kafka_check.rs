//! Asks Kafka for our topics: one of the checks of `/readyz`. Asking also tells the producer of
//! topics that were made.

use std::time::Duration;

use actix_web::web::Data;
use stackone_link_process::log_limit::Changed;
use stackone_link_process::spawn::spawn_blocking;
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::ingest::Ingest;
use crate::tasks::MISSING_TOPICS;

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait before the next one, while something is missing.
const PAUSE: Duration = Duration::from_millis(500);
/// The same while nothing is, unless a record could not be published for its topic.
const LONG_PAUSE: Duration = Duration::from_secs(60);

/// What one question found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    AllTopics,
    Missing(String),
    NoBroker(String),
}

/// Runs until `stop`.
///
/// # Errors
///
/// Where asking panicked.
pub(crate) async fn run(ingest: Data<Ingest>, stop: CancellationToken) -> Result<(), JoinError> {
    let asking = ask_again_and_again(&ingest);
    match stop.run_until_cancelled(asking).await {
        Some(panicked) => Err(panicked),
        None => Ok(()),
    }
}

async fn ask_again_and_again(ingest: &Data<Ingest>) -> JoinError {
    let mut last = Changed::default();
    loop {
        let found = match ask(ingest).await {
            Ok(found) => found,
            Err(panicked) => return panicked,
        };
        let is_news = last.is_news(Some(found.clone()));
        if is_news {
            tell(&found);
        }
        match &found {
            Found::AllTopics => ingest.readiness.kafka_answered(None),
            Found::Missing(reason) => ingest.readiness.kafka_answered(Some(reason.clone())),
            Found::NoBroker(reason) => ingest.readiness.kafka_silent(reason.clone()),
        }
        if found == Found::AllTopics {
            if is_news {
                ingest.doubts.sizes.notify_one();
            }
            let _doubt_or_time = timeout(LONG_PAUSE, ingest.doubts.topics.notified()).await;
        } else {
            sleep(PAUSE).await;
        }
    }
}

fn tell(found: &Found) {
    match found {
        Found::AllTopics => tracing::info!("kafka has all topics"),
        Found::Missing(reason) => tracing::error!(reason, "topics are missing"),
        Found::NoBroker(reason) => tracing::warn!(reason, "kafka cannot be asked for topics"),
    }
}

async fn ask(ingest: &Data<Ingest>) -> Result<Found, JoinError> {
    let asked = ingest.clone();
    let told = spawn_blocking(MISSING_TOPICS, move || asked.missing_topics(TIMEOUT)).await?;
    Ok(match told {
        Ok(missing) if missing.is_empty() => Found::AllTopics,
        Ok(missing) => Found::Missing(format!(
            "topics are missing or may not be seen: {}; make them with: stackone-processor topics apply",
            missing.join(", ")
        )),
        Err(error) => Found::NoBroker(format!("no broker has answered yet: {error}")),
    })
}
