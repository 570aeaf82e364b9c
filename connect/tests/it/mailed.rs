//! A mailed link.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use stackone_connect::tokens::{Purpose, TokenKeys};
use stackone_link_schemas::{LinkChannel, LinkSessionChange, LinkSessionCreated, TokenMinted};
use uuid::Uuid;

use crate::broker::Broker;
use crate::service::{Service, TOKEN_KEY, path, text};
use crate::stackone::stackone;

/// The secret of a link's address.
fn secret(made: &Value) -> &str {
    text(made, "link_url").split_once('#').unwrap().1
}

#[tokio::test]
async fn a_mailed_link_opens_any_number_of_times_until_it_is_cancelled() {
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
async fn a_mailed_links_secret_and_a_client_token_open_nothing_but_their_own() {
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

/// A link of this life, in seconds, that was made, opened and minted for so long ago.
pub(crate) fn left(broker: &Broker, ago: Duration, expires_in: u32) -> Value {
    let id = Uuid::new_v4();
    let created = LinkSessionCreated {
        channel: LinkChannel::Link,
        expires_in,
        tenant_name: "Acme".to_owned(),
        user_name: None,
        provider: Some("bamboohr".to_owned()),
        categories: Vec::new(),
        account_id: None,
        account_version: None,
        multiple: false,
        account_type: None,
        connector_profile_id: None,
        label: None,
        return_url: None,
        request_digest: String::new(),
    };
    let changes = vec![
        LinkSessionChange::Created(Box::new(created)),
        LinkSessionChange::Opened,
        LinkSessionChange::TokenMinted(TokenMinted::default()),
    ];
    broker.wrote(ago, id, changes);
    let keys = TokenKeys::new(&[SecretString::from(TOKEN_KEY)]);
    let [secret, client_token] = [Purpose::Link, Purpose::Client].map(|of| keys.make(id, of));
    let link_url = format!("https://connect.example.com/link/{id}#{}", secret.unwrap());
    json!({"id": id, "link_url": link_url, "client_token": client_token.unwrap()})
}

#[tokio::test]
async fn a_person_who_left_the_page_comes_back_the_next_day_and_links() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let (hour, day) = (Duration::from_secs(60 * 60), 24 * 60 * 60);
    let week = left(&broker, 25 * hour, 7 * day);
    let day = left(&broker, 25 * hour, day);
    let service = Service::ready(&broker, &stackone).await;
    assert_eq!(service.session(&week).await["state"], "linking");
    let open = async |made: &Value| {
        let (path, body) = (path(made, "/open"), json!({}));
        let opened = service.post(&path, secret(made), &body).await;
        opened.status().as_u16()
    };
    assert_eq!(open(&week).await, 200);
    assert_eq!(service.call(&week, "/token", &json!({})).await, 200);
    let hint = json!({"account_id": "new"});
    assert_eq!(service.call(&week, "/linked", &hint).await, 204);
    broker.confirms("new", "t1", 1, "active").await;
    service.becomes(&week, "verified").await;
    assert_eq!(service.session(&day).await["state"], "expired");
    assert_eq!(open(&day).await, 409, "a day is over after 25 hours");
}
