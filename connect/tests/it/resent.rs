//! A browser that sends a save again: Chromium sends one up to three times over connections that
//! are cut.

use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{SERVICE_TOKEN, Service};
use crate::stackone::stackone;

#[tokio::test]
async fn a_save_that_arrived_three_times_verifies_its_session_once_and_no_other() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    let beside = service.create(json!({})).await;
    for session in [&made, &beside] {
        assert_eq!(service.call(session, "/token", &json!({})).await, 200);
    }
    // StackOne makes an account of the first one, and edits of the others.
    for version in 1..=3 {
        let hint = json!({"account_id": "new"});
        // The page says so for each answer that it gets, the last of them after it is verified.
        let said = service.call(&made, "/linked", &hint).await;
        assert!([204, 409].contains(&said), "{said}");
        broker.confirms("new", "t1", version, "active").await;
    }
    let verified = service.becomes(&made, "verified").await;
    assert_eq!(verified["account_id"], "new");
    // In the order of its partition: then all three are read.
    broker.confirms("new", "t1", 4, "error").await;
    eventually("read", async || {
        let account = service.get("/v1/accounts/new?tenant=t1", SERVICE_TOKEN);
        let account: Value = account.await.json();
        (account["health"] == "needs_reauth").then_some(())
    })
    .await;
    assert_eq!(service.session(&made).await["state"], "verified");
    assert_eq!(service.session(&beside).await["state"], "linking");
    let settled = "stackone_connect_sessions_settled_total{channel=\"hub\",state=\"verified\"}";
    assert_eq!(service.metric(settled).await, Some(1.0));
}
