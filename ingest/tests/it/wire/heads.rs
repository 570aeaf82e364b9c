//! What has to come before a request is one: a head, in time and no larger than it may be.

use std::time::Duration;

use super::{BODY, failed, signed};
use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::service::Service;

#[tokio::test]
async fn a_later_head_has_its_deadline_too() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        // Long enough for a busy machine to begin the second head in time.
        settings.server.header_deadline = Duration::from_secs(8);
    })
    .await;
    let mut connection = Connection::open(service.public).await;
    connection.send(&signed(BODY, "accept: */*")).await;
    assert_eq!(connection.status().await, 200);
    connection
        .rest(br#"{"id":"00000000-0000-0000-0000-000000000000"}"#.len())
        .await;
    connection.send(b"POST /webhooks").await;
    assert_eq!(connection.status().await, 408);
    connection.closed().await;
    drop(connection);
    eventually("counted", async || {
        (failed(&service, "head_too_slow").await == Some(1.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_head_may_have_16_kib_and_a_body_may_follow_it_at_once() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let line = |bytes| format!("x-padding: {}", "x".repeat(bytes));
    let large = format!(
        r#"{{"event":"account.created","account_id":"a","more":"{}"}}"#,
        "x".repeat(200_000)
    );
    for request in [
        signed(BODY, &line(16_000)),
        signed(&large, &line(15_000)),
        signed(&large, "accept: */*"),
    ] {
        let mut connection = Connection::open(service.public).await;
        connection.send(&request).await;
        assert_eq!(connection.status().await, 200);
    }
    let mut connection = Connection::open(service.public).await;
    connection.send(&signed(BODY, &line(60_000))).await;
    assert_eq!(connection.status().await, 431);
    assert_eq!(connection.closed().await, b"");
    // It is still read: closed at once, what is unread would reset the connection, and might take
    // the answer along.
    connection.send(b"more").await;
    drop(connection);
    eventually("counted", async || {
        (failed(&service, "head_too_large").await == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(service.counted("default", "stored").await, 3.0);
}

#[tokio::test]
async fn bytes_that_are_no_http_are_answered_400_and_counted() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let open = "stackone_ingest_connections_open";
    let mut connection = Connection::open(service.public).await;
    connection.send(b"\x16\x03\x01 no http\r\n\r\n").await;
    assert_eq!(connection.status().await, 400);
    connection.closed().await;
    eventually("counted", async || {
        (failed(&service, "not_http").await == Some(1.0)).then_some(())
    })
    .await;
    eventually("none is open", async || {
        (service.metric(open).await == Some(0.0)).then_some(())
    })
    .await;
    let _another = Connection::open(service.public).await;
    eventually("one is open", async || {
        (service.metric(open).await == Some(1.0)).then_some(())
    })
    .await;
}
