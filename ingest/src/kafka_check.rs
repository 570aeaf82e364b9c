//! Asks Kafka for our topics until it has them all: one of the checks of `/readyz`.

use std::time::Duration;

use actix_web::web::Data;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::ingest::Ingest;

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait before the next one.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until `stop`. Once everything was there it asks no more.
pub(crate) async fn run(ingest: Data<Ingest>, stop: CancellationToken) {
    let check = check_until_complete(&ingest);
    if stop.run_until_cancelled(check).await.is_some() {
        tracing::info!("kafka has all topics; ready");
        stop.cancelled().await;
    }
}

async fn check_until_complete(ingest: &Data<Ingest>) {
    let mut last = Ok(());
    loop {
        let result = check(ingest).await;
        ingest.readiness.kafka_seen(result.clone());
        match &result {
            Ok(()) => return,
            Err(reason) if result != last => tracing::warn!(reason, "not ready"),
            Err(_the_same) => {}
        }
        last = result;
        sleep(PAUSE).await;
    }
}

async fn check(ingest: &Data<Ingest>) -> Result<(), String> {
    let asked = ingest.clone();
    match spawn_blocking(move || asked.missing_topics(TIMEOUT)).await {
        Ok(Ok(missing)) if missing.is_empty() => Ok(()),
        Ok(Ok(missing)) => Err(format!(
            "topics are missing or may not be seen: {}; make them with: stackone-processor topics apply",
            missing.join(", ")
        )),
        Ok(Err(error)) => Err(format!("no broker has answered yet: {error}")),
        Err(error) => Err(format!("kafka cannot be asked: {error}")),
    }
}
