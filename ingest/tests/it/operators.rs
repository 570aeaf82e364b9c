//! What operators see: metrics and probes.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::broker::Broker;
use crate::service::Service;

const BODY: &str =
    r#"{"event":"account.created","account_id":"a","sent_at":"2026-01-01T00:00:00Z"}"#;

#[tokio::test]
async fn every_request_is_counted_once() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    for _ in 0..3 {
        assert_eq!(service.post(BODY).await.status(), 200);
    }
    for path in ["a", "b"] {
        let url = format!("http://{}/{path}", service.public);
        assert_eq!(service.client.get(url).send().await.unwrap().status(), 404);
    }
    assert_eq!(service.counted("default", "stored").await, 3.0);
    let text = service.ask("/metrics").await.text().await.unwrap();
    let counts = |name: &str| -> f64 {
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    assert_eq!(counts("stackone_ingest_webhooks_total{"), 5.0);
    assert_eq!(
        counts("stackone_ingest_request_duration_seconds_count{"),
        5.0
    );
    assert_eq!(
        counts("stackone_ingest_publish_duration_seconds_count{"),
        3.0
    );
    assert_eq!(counts("stackone_ingest_delivery_age_seconds_count"), 3.0);
    assert!(counts("stackone_ingest_last_accepted_timestamp_seconds{source=\"default\"}") > 1.7e9);
    assert!(counts("stackone_ingest_last_ack_timestamp_seconds") > 1.7e9);
    assert_eq!(counts("stackone_ingest_in_flight_requests"), 0.0);
    assert_eq!(counts("stackone_ingest_build_info{"), 1.0);
}

#[tokio::test]
async fn readiness_names_each_check() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let report: serde_json::Value = service.ask("/readyz").await.json().await.unwrap();
    assert_eq!(report["ready"], true);
    for check in ["configuration", "kafka", "accepting"] {
        assert_eq!(report["checks"][check]["ok"], true, "{check}");
    }
    assert_eq!(
        service.ask("/webhooks/stackone/default").await.status(),
        404
    );
}

#[tokio::test]
async fn two_services_live_in_one_process() {
    let broker = Broker::with_topics();
    let (one, two) = tokio::join!(Service::ready(&broker), Service::ready(&broker));
    assert_eq!(one.post(BODY).await.status(), 200);
    assert_eq!(one.counted("default", "stored").await, 1.0);
    assert_eq!(two.counted("default", "stored").await, 0.0);
}

/// The answer to a request without a body, to the end of the connection: its head, and what
/// follows.
async fn exchange(admin: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// Without the lines that may differ from one answer to the next: the time, and how long figures
/// are.
fn lasting(head: &str) -> BTreeSet<&str> {
    let passing = ["date:", "content-length:"];
    let lines = head.lines();
    lines
        .filter(|line| !passing.iter().any(|name| line.starts_with(name)))
        .collect()
}

#[tokio::test]
async fn head_is_answered_as_get_without_the_body() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        let (got, body) = exchange(service.admin, "GET", path).await;
        let (head, nothing) = exchange(service.admin, "HEAD", path).await;
        assert!(got.starts_with("http/1.1 200"), "{path}: {got}");
        assert_eq!(lasting(&head), lasting(&got), "{path}");
        assert!(
            head.contains("content-length: ") && !body.is_empty(),
            "{path}: {head}"
        );
        assert_eq!(nothing, "", "{path}");
    }
    let (posted, _) = exchange(service.admin, "POST", "/livez").await;
    assert!(posted.starts_with("http/1.1 404"), "{posted}");
}
