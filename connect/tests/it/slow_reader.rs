//! A reader of a stream that does not read.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::stackone;
use crate::streams::Events;

/// States that are confirmed meanwhile. Each changes what the stream has to say.
const CHANGES: u64 = 100;

#[tokio::test]
async fn a_reader_that_does_not_read_holds_nobody_up_and_then_gets_the_newest() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("mine", "t1", 1, "error").await;
    let made = eventually("known", async || {
        let body = json!({"account_id": "mine"});
        let made = service.try_create(body, None).await;
        (made.status() == 201).then(|| made.json())
    });
    let made: Value = made.await;
    let token = text(&made, "client_token");
    let mut slow = TcpStream::connect(service.public).unwrap();
    let events = path(&made, "/events");
    let head =
        format!("GET {events} HTTP/1.1\r\nHost: connect\r\nAuthorization: Bearer {token}\r\n\r\n");
    slow.write_all(head.as_bytes()).unwrap();
    let mut reads = Events::open(&service, &made, token, "").await;
    // It recovers and breaks again and again: the page says so, or no longer.
    for version in 2..=CHANGES {
        let status = if version % 2 == 0 { "active" } else { "error" };
        broker.confirms("mine", "t1", version, status).await;
    }
    let account = async || {
        let account = service
            .get("/v1/accounts/mine?tenant=t1", SERVICE_TOKEN)
            .await;
        account.json()
    };
    eventually("all are read", async || {
        (account().await["health"] == "ok").then_some(())
    })
    .await;
    assert_eq!(service.call(&made, "/cancel", &json!({})).await, 204);
    let mut last = reads.next().await.unwrap();
    while let Some(next) = reads.next().await {
        last = next;
    }
    assert_eq!(
        last["state"], "cancelled",
        "who reads is told while the other does not"
    );
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let said = read_to_the_end(slow);
    let events: Vec<_> = said
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["state"], "cancelled", "the newest, at the end");
}

/// All that the stream says, by HTTP/1.1's chunks, until it has ended.
fn read_to_the_end(mut stream: TcpStream) -> String {
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    while !said.ends_with(b"0\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => said.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&said)),
        }
    }
    String::from_utf8(said).unwrap()
}
