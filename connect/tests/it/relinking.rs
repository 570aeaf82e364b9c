//! A tenant links an account again.

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{SERVICE_TOKEN, Service};
use crate::stackone::{asked, stackone};

/// Waits until the service knows the account.
async fn knows(service: &Service, account: &str, tenant: &str) {
    let path = format!("/v1/accounts/{account}?tenant={tenant}");
    eventually("known", async || {
        (service.get(&path, SERVICE_TOKEN).await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_the_tenants_own_account_can_be_linked_again() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("theirs", "t2", 1, "error").await;
    broker.confirms("mine", "t1", 3, "error").await;
    knows(&service, "theirs", "t2").await;
    knows(&service, "mine", "t1").await;
    for account in ["theirs", "nobodys"] {
        let answer = service
            .try_create(json!({"account_id": account}), None)
            .await;
        assert_eq!(answer.status(), 404, "{account}");
    }
    let malformed = service.try_create(json!({"account_id": "a/b"}), None).await;
    assert_eq!(malformed.status(), 400, "no id at all");
    let made = service
        .create(json!({"account_id": "mine", "label": "new label"}))
        .await;
    let account: Value = service
        .get("/v1/accounts/mine?tenant=t1", SERVICE_TOKEN)
        .await
        .json();
    assert_eq!(account["open_session_id"], made["id"]);
    assert_eq!(
        service.session(&made).await["account_id"],
        "mine",
        "from the first event on"
    );
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    let asked = asked(&stackone).await;
    assert_eq!(asked[0]["account_id"], "mine");
    assert_eq!(asked[0].get("label"), None, "a label is for a new account");
    broker.confirms("mine", "t1", 4, "active").await;
    service.becomes(&made, "verified").await;
}

#[tokio::test]
async fn an_account_that_recovers_by_itself_leaves_the_session_open() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("mine", "t1", 3, "error").await;
    knows(&service, "mine", "t1").await;
    let made = service.create(json!({"account_id": "mine"})).await;
    broker.confirms("mine", "t1", 4, "active").await;
    let session = eventually("recovered", async || {
        let session = service.session(&made).await;
        (session["reasons"] == json!(["recovered"])).then_some(session)
    })
    .await;
    assert_eq!(session["state"], "created");
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
}

#[tokio::test]
async fn an_account_that_is_unlinked_meanwhile_fails_the_session() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("mine", "t1", 3, "error").await;
    knows(&service, "mine", "t1").await;
    let made = service.create(json!({"account_id": "mine"})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    broker
        .confirms_with("mine", 4, json!({"state": "unlinked"}))
        .await;
    let failed = service.becomes(&made, "failed").await;
    assert_eq!(failed["reasons"], json!(["account_gone"]));
    let gone = service
        .get("/v1/accounts/mine?tenant=t1", SERVICE_TOKEN)
        .await;
    assert_eq!(gone.status(), 404);
}
