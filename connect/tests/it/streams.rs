//! Event streams.

use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::stackone;

/// A stream as it comes.
pub(crate) struct Events {
    response: Response,
    unread: String,
}

impl Events {
    pub(crate) async fn open(service: &Service, made: &Value, bearer: &str, query: &str) -> Self {
        let path = path(made, &format!("/events{query}"));
        let response = service.get(&path, bearer).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response: response.into_stream(),
            unread: String::new(),
        }
    }

    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(json) = event.strip_prefix("event: session\ndata: ") {
                    return Some(serde_json::from_str(json).unwrap());
                }
            }
            let piece = timeout(PATIENCE, self.response.chunk())
                .await
                .expect("silent");
            let piece = piece.ok().flatten()?;
            self.unread.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test]
async fn a_page_hears_of_each_change_and_of_the_end() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    let mut events = Events::open(&service, &made, text(&made, "client_token"), "").await;
    let first = events.next().await.unwrap();
    assert_eq!(
        (&first["state"], first.get("id")),
        (&json!("created"), None)
    );
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(events.next().await.unwrap()["state"], "linking");
    let open = "stackone_connect_streams_open";
    assert_eq!(service.metric(open).await, Some(1.0));
    broker.confirms("new", "t1", 1, "active").await;
    let mut last = events.next().await.unwrap();
    while last["state"] != "verified" {
        last = events.next().await.unwrap();
    }
    assert_eq!(last["account_id"], "new");
    assert_eq!(events.next().await, None);
    eventually("closed", async || {
        (service.metric(open).await == Some(0.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_tenant_sees_all_of_the_session_until_its_token_ends() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    let mut by_service = Events::open(&service, &made, SERVICE_TOKEN, "?tenant=t1").await;
    assert_eq!(by_service.next().await.unwrap()["id"], made["id"]);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // Within the leeway, and over: it says what is, and ends.
    let token = Host::new("k1", 1).token("t1", json!({"iat": now - 100, "exp": now - 1}));
    let mut by_host = Events::open(&service, &made, &token, "").await;
    assert!(by_host.next().await.is_some());
    assert_eq!(by_host.next().await, None);
}

#[tokio::test]
async fn a_session_has_only_so_many_event_streams() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.limits.streams_per_session = 2;
        settings.limits.requests_after_authentication = 1;
        settings.limits.requests_before_authentication = 1;
    })
    .await;
    let made = service.create(json!({})).await;
    let token = text(&made, "client_token");
    let one = Events::open(&service, &made, token, "").await;
    let _other = Events::open(&service, &made, token, "").await;
    let refused = service.get(&path(&made, "/events"), token).await;
    assert_eq!(refused.status(), 429);
    drop(one);
    eventually("a place", async || {
        let status = service.get(&path(&made, "/events"), token).await.status();
        (status == 200).then_some(())
    })
    .await;
}
