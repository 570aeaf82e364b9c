//! Nothing secret is on the topic or in the metrics.

use serde_json::json;
use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::service::{SERVICE_TOKEN, Service, TOKEN_KEY, text};
use crate::stackone::{KEY, TOKEN, stackone};

#[tokio::test]
async fn what_is_written_down_lets_nobody_in() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.sessions.include_user_name = false;
    })
    .await;
    let tenant = json!({"id": "t1", "name": "Acme", "user_name": "dana@acme.example"});
    let made = service
        .create(json!({"channel": "link", "tenant": tenant}))
        .await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    let facts = broker.read(Topic::LinkSessions, 2).await;
    let topic: String = facts
        .iter()
        .map(|(key, fact, _)| format!("{key} {fact}"))
        .collect();
    let metrics = service.admin("/metrics").await.text();
    let link_secret = text(&made, "link_url").split_once('#').unwrap().1;
    let secrets = [
        SERVICE_TOKEN,
        TOKEN_KEY,
        KEY,
        TOKEN,
        link_secret,
        text(&made, "client_token"),
    ];
    for secret in secrets.into_iter().chain(["dana@acme.example"]) {
        assert!(!topic.contains(secret), "{secret} is on the topic");
        assert!(!metrics.contains(secret), "{secret} is in the metrics");
    }
    for personal in ["Acme", "t1", text(&made, "id")] {
        assert!(
            !metrics.contains(&format!("\"{personal}\"")),
            "{personal} is a label"
        );
    }
}
