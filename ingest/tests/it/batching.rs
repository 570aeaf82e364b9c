//! `publish.linger`: how long records wait for others.

use std::time::{Duration, Instant};

use stackone_ingest::config::Settings;

use crate::broker::Broker;
use crate::service::Service;

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const LINGER: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_record_waits_for_others_as_long_as_is_set() {
    let broker = Broker::with_topics();
    let lingers = |settings: &mut Settings| settings.publish.linger = LINGER;
    let service = Service::ready_with(&broker, lingers).await;
    let started = Instant::now();
    assert_eq!(service.post(BODY).await.status(), 200);
    assert!(started.elapsed() >= LINGER, "{:?}", started.elapsed());
}
