//! How many lines there are, and what is in one.

use serde_json::Value;

use crate::broker::Broker;
use crate::http::Connection;
use crate::program::Program;
use crate::service::client;
use crate::sign::signature;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_refusal_has_one_line_with_its_trace_and_a_flood_has_few() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    let url = format!("http://{}/webhooks/stackone/default", program.public);
    let forged = signature("another", b"");
    let client = client();
    for _ in 0..200 {
        let request = client.post(&url).header("x-stackone-signature", &forged);
        let answer = request.header("traceparent", TRACEPARENT).send().await;
        assert_eq!(answer.unwrap().status(), 401);
    }
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    let lines = logs
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused: Vec<_> = lines
        .filter(|line| line["message"] == "webhook refused")
        .collect();
    assert!((10..60).contains(&refused.len()), "{}", refused.len());
    assert_eq!(refused[0]["reason"], "bad_signature");
    assert_eq!(refused[0]["source"], "default");
    assert_eq!(refused[0]["suppressed"], 0);
    assert_eq!(refused[0]["trace_id"].as_str().unwrap().len(), 32);
    assert!(!logs.contains(&TRACEPARENT[3..35]), "a stranger's trace");
}

#[tokio::test]
async fn a_refusal_before_the_body_is_sent_has_its_trace_too() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    let mut connection = Connection::open(program.public).await;
    let head = "POST /webhooks/stackone/default HTTP/1.1\r\nhost: ingest\r\n\
                expect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    connection.send(head.as_bytes()).await;
    assert!(connection.closed().await.starts_with(b"HTTP/1.1 401 "));
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    let refused = logs.lines().find(|line| line.contains("webhook refused"));
    let refused: Value = serde_json::from_str(refused.unwrap()).unwrap();
    assert_eq!(refused["reason"], "signature_absent");
    assert_eq!(refused["trace_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn connections_on_which_no_http_is_spoken_do_not_fill_the_logs() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    for _ in 0..1000 {
        let mut connection = Connection::open(program.public).await;
        connection.send(b"\x16\x03\x01\r\n\r\n").await;
        assert!(connection.closed().await.starts_with(b"HTTP/1.1 400 "));
    }
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    assert!(logs.lines().count() < 20, "{logs}");
}
