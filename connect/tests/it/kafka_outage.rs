//! Kafka is away: what was read is still served.

use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, config};
use crate::stackone::stackone;

#[tokio::test]
async fn without_kafka_reads_and_streams_go_on_and_writes_are_refused_with_a_time() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.sessions.read_back_deadline = Duration::from_secs(1);
        settings.kafka.ack_deadline = Duration::from_secs(3);
    })
    .await;
    let made = eventually("made", async || {
        let answer = service.try_create(json!({}), Some("k")).await;
        (answer.status() == 201).then_some(answer)
    })
    .await;
    let made: Value = made.json();
    broker.down();
    let refused = service.try_create(json!({}), None).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(service.call(&made, "/token", &json!({})).await, 503);
    assert_eq!(
        stackone.received_requests().await.unwrap().len(),
        0,
        "it is stored first"
    );
    assert_eq!(service.session(&made).await["state"], "created");
    let page = service
        .get("/v1/link-sessions?tenant=t1", SERVICE_TOKEN)
        .await;
    let page: Value = page.json();
    assert!(page["as_of"].is_string(), "{page}");
    let ready = service.admin("/readyz").await;
    assert_eq!(ready.status(), 200, "an outage takes nobody out of service");
    broker.up();
    eventually("again", async || {
        (service.call(&made, "/token", &json!({})).await == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_begins_anew_counts_no_fact_twice() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    for account in ["a", "b", "c"] {
        let hint = json!({ "account_id": account });
        assert_eq!(service.call(&made, "/linked", &hint).await, 204);
    }
    for _ in 0..4 {
        broker.refuses_a_fetch();
        assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
        let session = service.session(&made).await;
        assert_eq!(session["account_id"], "c", "the last word: {session}");
    }
}

#[tokio::test]
async fn a_replica_that_has_not_read_both_topics_is_alive_and_not_ready() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    broker.down();
    let (config, folder) = config(&broker, &stackone, &Host::new("k1", 1), |_| {});
    let service = Service::run(&config, folder);
    assert_eq!(service.admin("/livez").await.status(), 200);
    let ready = service.admin("/readyz").await;
    assert_eq!(ready.status(), 503);
    let report: Value = ready.json();
    assert_eq!(report["checks"]["link_sessions"]["ok"], false, "{report}");
    let refused = service.get("/v1/accounts?tenant=t1", SERVICE_TOKEN).await;
    assert_eq!(refused.status(), 503);
    broker.up();
    service.becomes_ready().await;
}
