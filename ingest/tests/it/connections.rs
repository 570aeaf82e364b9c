//! Connections: how many, for how long, and that those of strangers do not stop what is signed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use stackone_ingest::config::Settings;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::http::Connection;
use crate::service::{Service, client};
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

fn request(signature: &str) -> Vec<u8> {
    let length = BODY.len();
    format!(
        "POST /webhooks/stackone/default HTTP/1.1\r\nhost: ingest\r\nx-stackone-signature: {signature}\r\n\
         content-length: {length}\r\n\r\n{BODY}"
    )
    .into_bytes()
}

#[tokio::test]
async fn a_peer_has_only_so_many_connections_and_gets_them_back() {
    let broker = Broker::with_topics();
    let three = |settings: &mut Settings| settings.server.max_connections_per_peer = 3;
    let service = Service::ready_with(&broker, three).await;
    let signed = request(&signature(SECRET, BODY.as_bytes()));
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(service.public).await;
        connection.send(&signed).await;
        assert_eq!(connection.status().await, 200);
        open.push(connection);
    }
    Connection::open(service.public).await.closed().await;
    let refused = service
        .metric("stackone_ingest_connections_refused_total")
        .await;
    assert_eq!(refused, Some(1.0));
    drop(open);
    eventually("a connection is free", async || {
        let request = client().post(service.url("default"));
        request.send().await.ok()
    })
    .await;
}

#[tokio::test]
async fn only_what_was_signed_keeps_its_connection() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let signed = request(&signature(SECRET, BODY.as_bytes()));
    let mut connection = Connection::open(service.public).await;
    for _ in 0..3 {
        connection.send(&signed).await;
        assert_eq!(connection.status().await, 200);
        connection
            .rest(br#"{"id":"00000000-0000-0000-0000-000000000000"}"#.len())
            .await;
    }
    for (bytes, status) in [
        (request(&signature("another", BODY.as_bytes())), 401),
        (request("malformed"), 401),
        (
            b"GET /elsewhere HTTP/1.1\r\nhost: ingest\r\n\r\n".to_vec(),
            404,
        ),
    ] {
        let mut connection = Connection::open(service.public).await;
        connection.send(&bytes).await;
        assert_eq!(connection.status().await, status);
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_without_an_answer() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.server.header_deadline = Duration::from_millis(300);
    })
    .await;
    let mut silent = Connection::open(service.public).await;
    assert_eq!(silent.closed().await, b"");
}

/// A small version of what the benchmark does with ten thousand.
#[tokio::test]
async fn idle_connections_slow_bodies_and_forgeries_do_not_stop_what_is_signed() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        // So that they are there to the end, whatever else this machine does, and who waits for one
        // is too slow.
        settings.server.header_deadline = Duration::from_secs(120);
        settings.server.body_deadline = Duration::from_secs(120);
        settings.shutdown.deadline = Duration::from_secs(185);
    })
    .await;
    let idle = join_all((0..300).map(|_| Connection::open(service.public))).await;
    let head = [
        "content-length: 1000".to_owned(),
        format!("x-stackone-signature: {}", signature("another", b"")),
    ];
    let slow = join_all((0..100).map(|_| Connection::head(service.public, &head))).await;
    let forged = signature("another", BODY.as_bytes());
    let mut flood = JoinSet::new();
    for _ in 0..8 {
        let (client, url, forged) = (client(), service.url("default"), forged.clone());
        flood.spawn(async move {
            loop {
                let request = client.post(&url).header("x-stackone-signature", &forged);
                let answer = request.body(BODY).send().await.unwrap();
                assert_eq!(answer.status(), 401);
            }
        });
    }
    eventually("a flood", async || {
        (service.counted("default", "bad_signature").await > 100.0).then_some(())
    })
    .await;
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let started = Instant::now();
        assert_eq!(service.post(BODY).await.status(), 200);
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < PATIENCE, "{slowest:?}");
    assert!(flood.try_join_next().is_none(), "the flood went on");
    assert_eq!((idle.len(), slow.len()), (300, 100));
}

#[tokio::test]
async fn a_client_that_comes_when_all_connections_are_taken_waits_for_one() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.server.max_connections = 2;
        // One that was not left to wait would be closed.
        settings.server.max_connections_per_peer = 2;
    })
    .await;
    let signed = request(&signature(SECRET, BODY.as_bytes()));
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut connection = Connection::open(service.public).await;
        connection.send(&signed).await;
        assert_eq!(connection.status().await, 200);
        open.push(connection);
    }
    let mut waiting = Connection::open(service.public).await;
    waiting.send(&signed).await;
    let taken = service.metric("stackone_ingest_connections_open").await;
    assert_eq!(taken, Some(2.0));
    drop(open.pop());
    assert_eq!(waiting.status().await, 200);
    let refused = service.metric("stackone_ingest_connections_refused_total");
    assert_eq!(refused.await, Some(0.0));
}
