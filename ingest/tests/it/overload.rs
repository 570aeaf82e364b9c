//! More than may be held at once, before and after authentication.

use stackone_ingest::config::{Settings, StageLimits};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

async fn held(service: &Service, requests: f64) {
    eventually("held", async || {
        let held = service.metric("stackone_ingest_in_flight_requests").await;
        (held == Some(requests)).then_some(())
    })
    .await;
}

/// A request whose body does not come.
async fn stalled(service: &Service, announced: usize) -> Connection {
    let headers = [
        format!(
            "x-stackone-signature: {}",
            signature(SECRET, BODY.as_bytes())
        ),
        format!("content-length: {announced}"),
    ];
    Connection::head(service.public, &headers).await
}

#[tokio::test]
async fn too_many_unauthenticated_requests_are_a_503() {
    let broker = Broker::with_topics();
    let one = |settings: &mut Settings| settings.limits.before_authentication.requests = 1;
    let service = Service::ready_with(&broker, one).await;
    // Refused as long as the other has not been slow for 0.2 s, which a busy machine may need to
    // come that far.
    let refused = eventually("refused", async || {
        let _has_just_come = stalled(&service, BODY.len()).await;
        let answer = service.post(BODY).await;
        (answer.status() == 503).then_some(answer)
    });
    assert_eq!(refused.await.headers()["retry-after"], "5");
    // At least: what was stalled may be refused too, where the one before it has not been seen to
    // go.
    assert!(service.counted("default", "busy_reading").await >= 1.0);
}

#[tokio::test]
async fn the_slowest_body_gives_way_to_a_webhook() {
    let broker = Broker::with_topics();
    let two = |settings: &mut Settings| settings.limits.before_authentication.requests = 2;
    let service = Service::ready_with(&broker, two).await;
    let mut slowest = stalled(&service, BODY.len()).await;
    held(&service, 1.0).await;
    let mut slow = stalled(&service, BODY.len()).await;
    held(&service, 2.0).await;
    stored(&service).await;
    assert_eq!(slowest.status().await, 503);
    slowest.closed().await;
    assert_eq!(service.counted("default", "gave_way").await, 1.0);
    slow.send(BODY.as_bytes()).await;
    assert_eq!(slow.status().await, 200);
}

#[tokio::test]
async fn a_slow_body_gives_its_bytes_to_a_webhook_and_who_holds_none_keeps_its_place() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.limits.max_body_bytes = 1000;
        settings.limits.before_authentication.body_bytes = 1000;
    })
    .await;
    let mut empty = stalled(&service, BODY.len()).await;
    held(&service, 1.0).await;
    let mut slow = stalled(&service, 1000).await;
    slow.send(&[b'x'; 980]).await;
    eventually("held", async || {
        let held = service.metric("stackone_ingest_in_flight_body_bytes").await;
        (held == Some(980.0)).then_some(())
    })
    .await;
    stored(&service).await;
    assert_eq!(slow.status().await, 503);
    empty.send(BODY.as_bytes()).await;
    assert_eq!(empty.status().await, 200);
    assert_eq!(service.counted("default", "gave_way").await, 1.0);
    held(&service, 0.0).await;
}

/// Posts until it is stored: who has only just begun to wait need not give way.
async fn stored(service: &Service) {
    eventually("stored", async || {
        (service.post(BODY).await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn too_many_webhooks_that_wait_for_kafka_are_a_503_and_do_not_hold_up_reading() {
    let broker = Broker::with_topics();
    let one = StageLimits {
        requests: 1,
        body_bytes: 1 << 20,
    };
    let service = Service::ready_with(&broker, |settings| {
        settings.limits.before_authentication = one;
        settings.limits.after_authentication = one;
    })
    .await;
    broker.holds_answers();
    let (accepted, refused) = tokio::join!(service.post(BODY), async {
        held(&service, 1.0).await;
        let refused = service.post(BODY).await;
        broker.lets_answers_go();
        refused
    });
    assert_eq!(
        (accepted.status().as_u16(), refused.status().as_u16()),
        (200, 503)
    );
    assert_eq!(service.counted("default", "busy_publishing").await, 1.0);
}

/// A webhook of so many bytes.
fn webhook(bytes: usize) -> String {
    let [start, end] = [
        r#"{"event":"account.created","account_id":"a","more":""#,
        "\"}",
    ];
    let padding = "x".repeat(bytes - start.len() - end.len());
    format!("{start}{padding}{end}")
}

#[tokio::test]
async fn too_many_bytes_that_wait_for_kafka_are_a_503_and_smaller_ones_are_taken() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.limits.max_body_bytes = 600;
        settings.limits.before_authentication.body_bytes = 600;
        settings.limits.after_authentication.body_bytes = 1000;
    })
    .await;
    broker.holds_answers();
    let (accepted, (refused, small)) = tokio::join!(service.post(webhook(600)), async {
        held(&service, 1.0).await;
        let refused = service.post(webhook(401)).await;
        let (small, ()) = tokio::join!(service.post(webhook(400)), async {
            held(&service, 2.0).await;
            broker.lets_answers_go();
        });
        (refused, small)
    });
    let statuses = [accepted, refused, small].map(|answer| answer.status().as_u16());
    assert_eq!(statuses, [200, 503, 200]);
    assert_eq!(service.counted("default", "busy_publishing").await, 1.0);
}
