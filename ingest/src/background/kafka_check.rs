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
/// How long to wait before the next one, at least: each lists all topics of the cluster.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait more while nothing is missing, unless a record could not be published for its
/// topic.
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
        }
        sleep(PAUSE).await;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use rdkafka::mocking::MockCluster;
    use stackone_link_process::spawn::observe;
    use tokio::task::yield_now;

    use super::*;
    use crate::config::Config;
    use crate::metrics::Metrics;

    /// How often Kafka was asked.
    static ASKED: AtomicU32 = AtomicU32::new(0);

    #[tokio::test]
    async fn topics_are_asked_for_twice_a_second_at_most_however_many_records_are_refused() {
        observe(|name| {
            let asks = u32::from(name == MISSING_TOPICS);
            ASKED.fetch_add(asks, Ordering::Relaxed);
        });
        let cluster = MockCluster::new(1).unwrap();
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "s".to_owned());
        let mut config = Config::load(None, &HashMap::from([secret])).unwrap();
        config.settings.kafka.bootstrap_servers = cluster.bootstrap_servers();
        let ingest = Data::new(Ingest::new(&config, Metrics::new().unwrap()).unwrap());
        for topic in ingest.needed_topics() {
            cluster.create_topic(topic, 1, 1).unwrap();
        }
        let (began, stop) = (Instant::now(), CancellationToken::new());
        let refused = async {
            while began.elapsed() < 4 * PAUSE {
                ingest.doubts.topics.notify_one();
                yield_now().await;
            }
            stop.cancel();
        };
        let (checked, ()) = tokio::join!(run(ingest.clone(), stop.clone()), refused);
        checked.unwrap();
        let most = began.elapsed().as_millis() / PAUSE.as_millis() + 1;
        let asked = u128::from(ASKED.load(Ordering::Relaxed));
        assert!((2..=most).contains(&asked), "{asked} of {most}");
    }
}
