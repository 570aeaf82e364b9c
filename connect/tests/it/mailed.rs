//! A mailed link.

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::service::{Service, path, text};
use crate::stackone::stackone;

/// The secret of a link's address.
fn secret(made: &Value) -> &str {
    text(made, "link_url").split_once('#').unwrap().1
}

#[tokio::test]
async fn it_opens_any_number_of_times_until_it_is_cancelled() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let mut made = service.create(json!({"channel": "link"})).await;
    let page = format!("http://{}/link/{}", service.public, text(&made, "id"));
    let scanned = service.send(service.client.get(&page)).await;
    assert_eq!(scanned.status(), 200);
    assert_eq!(
        service.session(&made).await["state"],
        "created",
        "the page is inert"
    );
    let opened = service
        .post(&path(&made, "/open"), secret(&made), &json!({}))
        .await;
    assert_eq!(opened.status(), 200);
    let opened: Value = opened.json();
    assert_eq!(service.session(&made).await["state"], "opened");
    made["client_token"] = opened["client_token"].clone();
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(service.session(&made).await["state"], "linking");
    let again = service
        .post(&path(&made, "/open"), secret(&made), &json!({}))
        .await;
    assert_eq!(again.status(), 200, "by the person who comes back");
    let cancelled = service
        .post(&path(&made, "/cancel"), secret(&made), &json!({}))
        .await;
    assert_eq!(cancelled.status(), 204);
    let over = service
        .post(&path(&made, "/open"), secret(&made), &json!({}))
        .await;
    assert_eq!(over.status(), 409);
    let problem: Value = over.json();
    assert_eq!(problem["state"], "cancelled");
}

#[tokio::test]
async fn each_secret_opens_what_it_is_for() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({"channel": "link"})).await;
    let other = service.create(json!({"channel": "link"})).await;
    let client_token = text(&made, "client_token");
    for (route, bearer) in [
        ("/open", client_token),
        ("/open", secret(&other)),
        ("/open", "scl_"),
        ("/token", secret(&made)),
        ("/linked", secret(&made)),
        ("/token", text(&other, "client_token")),
    ] {
        let body = json!({"account_id": "a"});
        let answer = service.post(&path(&made, route), bearer, &body).await;
        assert_eq!(answer.status(), 401, "{route}");
    }
    let read = service.get(&path(&made, ""), secret(&made)).await;
    assert_eq!(read.status(), 401);
}
