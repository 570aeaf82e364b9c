//! Several attempts of one tenant that are open at once, any of which may have led to an account.

use std::time::Duration;

use serde_json::{Value, json};
use stackone_link_schemas::LinkSessionChange;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::mailed::left;
use crate::service::{SERVICE_TOKEN, Service, text};
use crate::stackone::stackone;

/// How long a token may lead to an account: half an hour, and five minutes for the webhook.
const TOKEN: Duration = Duration::from_secs(35 * 60);

#[tokio::test]
async fn each_page_is_told_and_the_one_that_says_so_has_the_account() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    let beside = service.create(json!({})).await;
    for session in [&made, &beside] {
        assert_eq!(service.call(session, "/token", &json!({})).await, 200);
    }
    broker.confirms("new", "t1", 1, "active").await;
    for session in [&made, &beside] {
        let told = eventually("ambiguous", async || {
            let told = service.session(session).await;
            (told["reasons"] == json!(["ambiguous"])).then_some(told)
        })
        .await;
        assert_eq!(told["state"], "linking");
        assert_eq!(told["account_id"], "new");
    }
    let counted = "stackone_connect_notable_total{what=\"ambiguous\"}";
    eventually("counted", async || {
        (service.metric(counted).await == Some(2.0)).then_some(())
    })
    .await;
    let hint = json!({"account_id": "new"});
    assert_eq!(service.call(&made, "/linked", &hint).await, 204);
    service.becomes(&made, "verified").await;
    let other = service.session(&beside).await;
    assert_eq!(other["state"], "linking");
    assert_eq!(other["reasons"], json!([]), "it is the other's");
    assert_eq!(other.get("account_id"), None);
}

#[tokio::test]
async fn an_attempt_that_was_left_stands_in_the_way_until_its_time_is_over_and_no_longer() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let lead = Duration::from_secs(10);
    let before = left(&broker, TOKEN - lead, 60);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    broker.confirms("new", "t1", 1, "active").await;
    // Nothing is written meanwhile.
    service.becomes(&made, "verified").await;
    assert_eq!(service.session(&before).await["state"], "expired");
}

#[tokio::test]
async fn a_replica_settles_nothing_before_it_has_read_all() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let (minute, hour) = (Duration::from_secs(60), 60 * 60);
    broker.confirms("new", "t1", 1, "active").await;
    let first = left(&broker, minute, hour);
    // So many facts that the other session is read some time after the first.
    let id = text(&first, "id").parse().unwrap();
    broker.wrote(minute, id, vec![LinkSessionChange::Opened; 15_000]);
    let second = left(&broker, minute, hour);
    let service = Service::ready(&broker, &stackone).await;
    let counted = "stackone_connect_notable_total{what=\"ambiguous\"}";
    eventually("both might have it", async || {
        (service.metric(counted).await == Some(2.0)).then_some(())
    })
    .await;
    for session in [&first, &second] {
        assert_eq!(service.session(session).await["state"], "linking");
    }
}

#[tokio::test]
async fn an_account_that_comes_of_a_cancelled_session_is_listed_and_counted() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(service.call(&made, "/cancel", &json!({})).await, 204);
    assert_eq!(service.call(&made, "/token", &json!({})).await, 409);
    broker.confirms("new", "t1", 1, "active").await;
    let counted = "stackone_connect_notable_total{what=\"after_cancel\"}";
    eventually("counted", async || {
        (service.metric(counted).await == Some(1.0)).then_some(())
    })
    .await;
    let account = service.get("/v1/accounts/new?tenant=t1", SERVICE_TOKEN);
    let account: Value = account.await.json();
    assert_eq!(account["health"], "ok");
    assert_eq!(service.session(&made).await["state"], "cancelled");
    // What becomes of it later is counted no more.
    broker.confirms("new", "t1", 2, "error").await;
    eventually("read", async || {
        let account = service.get("/v1/accounts/new?tenant=t1", SERVICE_TOKEN);
        let account: Value = account.await.json();
        (account["health"] == "needs_reauth").then_some(())
    })
    .await;
    assert_eq!(service.metric(counted).await, Some(1.0));
}
