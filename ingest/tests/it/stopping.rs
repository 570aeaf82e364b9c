//! Stopping: nothing that was accepted is cut off.

use std::time::Duration;

use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{Service, client};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

#[tokio::test]
async fn what_is_in_flight_is_answered_before_the_service_ends() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.holds_answers();
    let (answer, ()) = tokio::join!(service.post(BODY), async {
        eventually("in flight", async || {
            let held = service.metric("stackone_ingest_in_flight_requests").await;
            (held == Some(1.0)).then_some(())
        })
        .await;
        service.stop.cancel();
        broker.lets_answers_go();
    });
    assert_eq!(answer.status(), 200);
    let url = service.url("default");
    service.stopped().await.unwrap();
    assert_eq!(broker.count(Topic::AccountEvents), 2);
    let refused = client().post(url).send().await;
    assert!(refused.unwrap_err().is_connect());
}

#[tokio::test]
async fn while_draining_ingest_is_not_ready_but_accepts() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.shutdown.drain_delay = Duration::from_secs(10);
    })
    .await;
    service.stop.cancel();
    eventually("not ready", async || {
        (service.ask("/readyz").await.status() == 503).then_some(())
    })
    .await;
    let answer = service.post(BODY).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["connection"],
        "close",
        "the next request goes to whoever stays"
    );
    service.stopped().await.unwrap();
}

#[tokio::test]
async fn ingest_stops_although_the_broker_is_down() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.publish.ack_deadline = Duration::from_secs(1);
    })
    .await;
    broker.down();
    assert_eq!(service.post(BODY).await.status(), 503);
    service.stop.cancel();
    service.stopped().await.unwrap();
}
