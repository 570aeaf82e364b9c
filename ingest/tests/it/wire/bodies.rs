//! Bodies without an end, and clients that leave in the middle of one.

use std::time::Duration;

use stackone_ingest::config::Settings;

use super::{BODY, WEBHOOKS, failed, head, signed};
use crate::broker::Broker;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, signature};

/// Starts a chunked body whose end never comes, and returns the connection once it was answered
/// with `status`.
async fn endless(
    service: &Service,
    method: &str,
    path: &str,
    line: &str,
    status: u16,
) -> Connection {
    let mut connection = Connection::open(service.public).await;
    let lines = ["transfer-encoding: chunked", line];
    connection.send(&head(method, path, &lines)).await;
    connection
        .send(format!("80\r\n{}\r\n", "x".repeat(128)).as_bytes())
        .await;
    assert_eq!(connection.status().await, status, "{method} {path} {line}");
    connection
}

#[tokio::test]
async fn a_chunked_body_without_an_end_does_not_hold_a_connection_that_was_refused() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.server.body_deadline = Duration::from_millis(300);
    })
    .await;
    let small = Service::ready_with(&broker, |settings| settings.limits.max_body_bytes = 100).await;
    let claims = format!("x-stackone-signature: {}", signature(SECRET, b""));
    let mut kept = Connection::open(service.public).await;
    kept.send(&signed(BODY, "accept: */*")).await;
    assert_eq!(kept.status().await, 200);
    let mut refused = [
        endless(&service, "POST", WEBHOOKS, "accept: */*", 401).await,
        endless(&service, "POST", "/elsewhere", "accept: */*", 404).await,
        endless(&service, "PUT", WEBHOOKS, "accept: */*", 405).await,
        endless(&service, "POST", WEBHOOKS, &claims, 408).await,
        endless(&small, "POST", WEBHOOKS, &claims, 413).await,
    ];
    for connection in &mut refused {
        connection.closed().await;
    }
    assert_eq!(failed(&service, "not_closed").await, Some(4.0));
    kept.rest(br#"{"id":"00000000-0000-0000-0000-000000000000"}"#.len())
        .await;
    kept.send(&signed(BODY, "accept: */*")).await;
    assert_eq!(
        kept.status().await,
        200,
        "what was signed keeps its connection"
    );
}

#[tokio::test]
async fn a_chunked_body_without_an_end_does_not_hold_a_connection_that_gave_way_or_found_no_place()
{
    let broker = Broker::with_topics();
    let one = |settings: &mut Settings| settings.limits.before_authentication.requests = 1;
    let service = Service::ready_with(&broker, one).await;
    let claims = format!("x-stackone-signature: {}", signature(SECRET, b""));
    let endless = head("POST", WEBHOOKS, &["transfer-encoding: chunked", &claims]);
    let (mut one, mut other) = (
        Connection::open(service.public).await,
        Connection::open(service.public).await,
    );
    one.send(&endless).await;
    other.send(&endless).await;
    // The first has been slow for long enough to give way, or not.
    let (status, refused) = tokio::select! {
        status = one.status() => (status, &mut one),
        status = other.status() => (status, &mut other),
    };
    assert_eq!(status, 503);
    refused.closed().await;
}

#[tokio::test]
async fn a_client_that_has_sent_all_is_answered_and_one_that_left_in_the_middle_is_not_waited_for()
{
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let request = signed(BODY, "accept: */*");
    for (sent, answer) in [
        (&request[..], "HTTP/1.1 200"),
        (&request[..request.len() - 9], "HTTP/1.1 400"),
    ] {
        let mut connection = Connection::open(service.public).await;
        connection.send(sent).await;
        connection.says_no_more().await;
        let answered = String::from_utf8(connection.closed().await).unwrap();
        assert!(answered.starts_with(answer), "{answered}");
    }
}
