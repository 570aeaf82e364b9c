//! Connections to the public listener: how many, and for how long.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::stackone;
use crate::streams::Events;

const REQUEST: &[u8] = b"GET /nowhere HTTP/1.1\r\nhost: connect\r\n\r\n";

/// A connection, for what a proper client would not send.
struct Connection(TcpStream);

impl Connection {
    /// From this address of the machine.
    async fn from(peer: &str, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(peer.parse().unwrap(), 0))
            .unwrap();
        Self(socket.connect(to).await.unwrap())
    }

    async fn open(to: SocketAddr) -> Self {
        Self::from("127.0.0.1", to).await
    }

    /// Asks, and reads the whole answer: the connection stays open.
    async fn asks(&mut self) -> u16 {
        self.0.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let read = timeout(PATIENCE, self.0.read_u8()).await;
            answer.push(read.expect("no answer").expect("closed"));
        }
        String::from_utf8(answer).unwrap()[9..12].parse().unwrap()
    }

    /// Waits until the service closes it; what came before that.
    async fn closed(&mut self) -> String {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        let _end_or_reset = read.expect("stays open");
        String::from_utf8(rest).unwrap()
    }
}

#[tokio::test]
async fn a_peer_has_only_so_many_connections_and_another_peer_is_served() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.server.max_connections_per_peer = 3;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(service.public).await;
        assert_eq!(connection.asks().await, 404);
        open.push(connection);
    }
    assert_eq!(Connection::open(service.public).await.closed().await, "");
    let refused = "stackone_connect_connections_refused_total";
    assert_eq!(service.metric(refused).await, Some(1.0));
    let mut other = Connection::from("127.0.0.2", service.public).await;
    assert_eq!(other.asks().await, 404);
    drop((open, other));
    eventually("all are given back", async || {
        let open = service.metric("stackone_connect_connections_open").await;
        (open == Some(0.0)).then_some(())
    })
    .await;
    assert_eq!(Connection::open(service.public).await.asks().await, 404);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up_the_second_one_too() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.server.header_deadline = Duration::from_secs(5);
    })
    .await;
    let mut silent = Connection::open(service.public).await;
    assert_eq!(silent.closed().await, "");
    for is_second in [false, true] {
        // Where a busy machine says it after the deadline, nothing was said in time, and that is
        // not answered.
        let answer = eventually("an answer", async || {
            let mut slow = Connection::open(service.public).await;
            if is_second {
                assert_eq!(slow.asks().await, 404);
            }
            slow.0.write_all(&REQUEST[..20]).await.ok()?;
            let answer = slow.closed().await;
            (!answer.is_empty()).then_some(answer)
        });
        let answer = answer.await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    }
    let slow = "stackone_connect_connections_failed_total{reason=\"head_too_slow\"}";
    eventually("counted", async || {
        (service.metric(slow).await >= Some(2.0)).then_some(())
    })
    .await;
}

/// A request of the backend that does not send its body.
fn begun() -> String {
    format!(
        "POST /v1/link-sessions HTTP/1.1\r\nhost: connect\r\nconnection: close\r\n\
         authorization: Bearer {SERVICE_TOKEN}\r\ncontent-length: 99\r\n\r\n{{"
    )
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.server.body_deadline = Duration::from_millis(200);
    })
    .await;
    let mut slow = Connection::open(service.public).await;
    slow.0.write_all(begun().as_bytes()).await.unwrap();
    let answer = slow.closed().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    assert!(answer.contains("problem:too_slow"), "{answer:?}");
    let slow = "stackone_connect_refusals_total{reason=\"too_slow\"}";
    assert_eq!(service.metric(slow).await, Some(1.0));
}

#[tokio::test]
async fn requests_beyond_the_limit_at_once_are_refused_with_a_time_and_strangers_as_ever() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.server.body_deadline = PATIENCE;
        settings.limits.requests_after_authentication = 1;
    })
    .await;
    let made = service.create(json!({"channel": "link"})).await;
    let client_token = text(&made, "client_token");
    let (_, secret) = text(&made, "link_url").split_once('#').unwrap();
    let mut held = Connection::open(service.public).await;
    held.0.write_all(begun().as_bytes()).await.unwrap();
    let accounts = "/v1/accounts?tenant=t1";
    let refused = eventually("too much at once", async || {
        let answer = service.get(accounts, SERVICE_TOKEN).await;
        (answer.status() == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem: Value = refused.json();
    assert!(text(&problem, "type").ends_with(":overloaded"), "{problem}");
    assert_eq!(service.get(accounts, "x").await.status(), 401);
    for (route, token) in [
        ("", client_token),
        ("/cancel", client_token),
        ("/cancel", secret),
    ] {
        let method = if route.is_empty() {
            Method::GET
        } else {
            Method::POST
        };
        let request = service.request(method, &path(&made, route), token);
        let status = service.send(request).await.status();
        assert_eq!(status, 503, "a page would take 401 for the session's end");
    }
    drop(held);
    eventually("a place", async || {
        let answer = service.get(accounts, SERVICE_TOKEN).await;
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_event_stream_outlives_the_deadlines_of_idle_connections() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let (keep_alive, header_deadline) = (Duration::from_millis(500), Duration::from_secs(5));
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.server.keep_alive = keep_alive;
        settings.server.header_deadline = header_deadline;
    })
    .await;
    let made = service.create(json!({})).await;
    let mut events = Events::open(&service, &made, text(&made, "client_token"), "").await;
    assert_eq!(events.next().await.unwrap()["state"], "created");
    // Each is idle for `keep_alive`: together longer than the stream could be with a deadline of
    // both.
    let opened = Instant::now();
    while opened.elapsed() < keep_alive + header_deadline {
        let mut idle = Connection::open(service.public).await;
        assert_eq!(idle.asks().await, 404);
        idle.closed().await;
    }
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(events.next().await.unwrap()["state"], "linking");
}
