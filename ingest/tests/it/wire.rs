//! What strangers can do with a connection: no more than their time, in no more than their memory.

use std::time::Duration;

use stackone_ingest::config::Settings;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const WEBHOOKS: &str = "/webhooks/stackone/default";

/// A request line and these header lines.
fn head(method: &str, path: &str, lines: &[&str]) -> Vec<u8> {
    let lines = lines.join("\r\n");
    format!("{method} {path} HTTP/1.1\r\nhost: ingest\r\n{lines}\r\n\r\n").into_bytes()
}

/// A signed webhook with one more header line.
fn signed(body: &str, line: &str) -> Vec<u8> {
    let length = format!("content-length: {}", body.len());
    let signature = format!(
        "x-stackone-signature: {}",
        signature(SECRET, body.as_bytes())
    );
    let mut request = head("POST", WEBHOOKS, &[&length, &signature, line]);
    request.extend(body.as_bytes());
    request
}

async fn failed(service: &Service, reason: &str) -> Option<f64> {
    let line = format!("stackone_ingest_connections_failed_total{{reason=\"{reason}\"}}");
    service.metric(&line).await
}

/// Starts a chunked body whose end never comes, and returns the connection once it was answered with `status`.
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
async fn nor_does_one_that_gave_way_or_found_no_place() {
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
async fn a_later_head_has_its_deadline_too() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.server.header_deadline = Duration::from_secs(1);
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
    drop(connection);
    eventually("counted", async || {
        (failed(&service, "head_too_large").await == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(service.counted("default", "stored").await, 3.0);
}

#[tokio::test]
async fn what_is_no_http_is_answered_400_and_counted() {
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

/// Sends all of it at once, and returns everything that comes back until the connection is closed.
async fn answers(service: &Service, request: &[u8]) -> String {
    let mut connection = Connection::open(service.public).await;
    connection.send(request).await;
    String::from_utf8(connection.closed().await).unwrap()
}

#[tokio::test]
async fn no_request_hides_in_the_body_of_another() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let hidden = "GET /hidden HTTP/1.1\r\nhost: ingest\r\n\r\n";
    let (length, chunked) = (
        format!("content-length: {}", hidden.len() + 5),
        "transfer-encoding: chunked",
    );
    for lines in [
        &[chunked, &length][..],
        &[&length, chunked],
        &["content-length: 0", &length],
        &["content-length: +5"],
        &["content-length: 0x5"],
        &["content-length : 5"],
        &["content-length: 5, 5"],
        &["transfer-encoding: identity, chunked", &length],
        &["transfer-encoding: xchunked"],
        &["transfer-encoding: chunked, identity"],
        &["transfer-encoding : chunked"],
        &["transfer-encoding: chunked", "transfer-encoding: chunked"],
        &["x-folded: a\r\n b", "content-length: 0"],
    ] {
        let signature = format!("x-stackone-signature: {}", signature(SECRET, b""));
        let mut request = head("POST", WEBHOOKS, &[lines, &[&signature]].concat());
        request.extend(format!("0\r\n\r\n{hidden}").as_bytes());
        let answered = answers(&service, &request).await;
        assert_eq!(
            answered.matches("HTTP/1.1 ").count(),
            1,
            "{lines:?}: {answered}"
        );
        assert!(answered.starts_with("HTTP/1.1 4"), "{lines:?}: {answered}");
    }
    assert_eq!(service.counted("unknown", "unknown_path").await, 0.0);
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_order() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let bodies = [BODY, r#"{"event":"account.created","account_id":"b"}"#];
    let mut ids = Vec::new();
    for body in bodies {
        ids.push(service.post(body).await.text().await.unwrap());
    }
    let [first, second] = bodies.map(|body| signed(body, "accept: */*"));
    let last = head("GET", "/elsewhere", &["accept: */*"]);
    let answered = answers(&service, &[first, second, last].concat()).await;
    let answered: Vec<_> = answered.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answered.len(), 3, "{answered:?}");
    for (answer, id) in answered.iter().zip(&ids) {
        assert!(
            answer.starts_with("200") && answer.ends_with(id.as_str()),
            "{answer} {id}"
        );
    }
    assert!(answered[2].starts_with("404"), "{answered:?}");
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn who_has_said_all_is_answered_and_who_left_in_the_middle_is_not_waited_for() {
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

#[tokio::test]
async fn who_asks_before_sending_a_body_is_refused_before_sending_it() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let claims = format!(
        "x-stackone-signature: {}",
        signature(SECRET, BODY.as_bytes())
    );
    let length = format!("content-length: {}", BODY.len());
    let large = "content-length: 1000000";
    for (method, path, lines, status, source, outcome) in [
        (
            "POST",
            "/elsewhere",
            [&claims, &length[..]],
            404,
            "unknown",
            "unknown_path",
        ),
        (
            "POST",
            "/webhooks/stackone/none",
            [&claims, &length],
            404,
            "unknown",
            "unknown_source",
        ),
        (
            "PUT",
            WEBHOOKS,
            [&claims, &length],
            405,
            "default",
            "method_not_allowed",
        ),
        (
            "POST",
            WEBHOOKS,
            ["accept: */*", &length],
            401,
            "default",
            "signature_absent",
        ),
        (
            "POST",
            WEBHOOKS,
            [&claims, large],
            413,
            "default",
            "body_too_large",
        ),
    ] {
        let mut connection = Connection::open(service.public).await;
        let lines = [&["expect: 100-continue"], &lines[..]].concat();
        connection.send(&head(method, path, &lines)).await;
        assert_eq!(connection.status().await, status, "{outcome}");
        connection.closed().await;
        assert_eq!(service.counted(source, outcome).await, 1.0, "{outcome}");
    }
    let mut connection = Connection::open(service.public).await;
    let lines = ["expect: 100-continue", &claims, &length];
    connection.send(&head("POST", WEBHOOKS, &lines)).await;
    assert_eq!(connection.status().await, 100);
    connection.send(BODY.as_bytes()).await;
    assert_eq!(connection.status().await, 200);
    assert_eq!(service.counted("default", "stored").await, 1.0);
}
