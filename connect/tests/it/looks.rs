//! Where no webhook comes, the processor is asked to look.

use std::time::Duration;

use serde_json::{Value, json};
use stackone_connect::config::Settings;
use stackone_link_wire::Topic;
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::{SERVICE_TOKEN, Service, text};
use crate::stackone::stackone;
use crate::streams::Events;

fn looks(settings: &mut Settings) {
    settings.look.enabled = true;
    settings.look.after = Duration::from_millis(100);
}

/// The state of an account that was looked at by the record at this place.
fn looked_at(status: &str, (partition, offset): (i32, i64)) -> Value {
    json!({
        "state": if status == "active" { "active" } else { "degraded" },
        "status": status,
        "account": {"provider": "bamboohr", "origin_owner_id": "t1"},
        "taken_in": {"partition": partition, "offset": offset, "timestamp_ms": 0},
    })
}

/// Waits until so many looks are not decided.
async fn undecided(service: &Service, many: f64) {
    eventually("looks that are not decided", async || {
        let undecided = service.metric("stackone_connect_looks_undecided").await;
        (undecided == Some(many)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_page_that_lies_is_found_out() {
    for (status, reason) in [("active", "nothing_saved"), ("error", "still_refused")] {
        let (broker, stackone) = (Broker::new(), stackone().await);
        let service = Service::ready_with(&broker, &stackone, looks).await;
        broker.confirms("mine", "t1", 3, status).await;
        eventually("known", async || {
            let known = service
                .get("/v1/accounts/mine?tenant=t1", SERVICE_TOKEN)
                .await;
            (known.status() == 200).then_some(())
        })
        .await;
        let made = service.create(json!({"account_id": "mine"})).await;
        let mut events = Events::open(&service, &made, text(&made, "client_token"), "").await;
        let mut fails = async || {
            let told = async { while events.next().await.unwrap()["state"] != "failed" {} };
            timeout(PATIENCE, told).await.expect("told of the failure");
        };
        assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
        let hint = json!({"account_id": "mine"});
        assert_eq!(service.call(&made, "/linked", &hint).await, 204);
        let (key, look, place) = broker.read(Topic::AccountEvents, 1).await.remove(0);
        assert_eq!(key, "mine");
        assert_eq!(
            (&look["because"], &look["project_id"]),
            (&json!("linked"), &json!("acme-1"))
        );
        assert_eq!(
            service.session(&made).await["state"],
            "linked",
            "not decided yet"
        );
        broker
            .confirms_with("mine", 3, looked_at(status, place))
            .await;
        let failed = service.becomes(&made, "failed").await;
        assert_eq!(failed["reasons"], json!([reason]));
        fails().await;
        let found = "stackone_connect_looks_total{outcome=\"failed\"}";
        assert_eq!(service.metric(found).await, Some(1.0));
        undecided(&service, 0.0).await;
        let asked = "stackone_connect_looks_total{outcome=\"published\"}";
        assert_eq!(service.metric(asked).await, Some(1.0), "and not again");
        // A later try is looked at, too, and may still be verified.
        assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
        assert_eq!(service.call(&made, "/linked", &hint).await, 204);
        let place = broker.read(Topic::AccountEvents, 2).await.remove(1).2;
        undecided(&service, 1.0).await;
        broker
            .confirms_with("mine", 3, looked_at(status, place))
            .await;
        fails().await;
        undecided(&service, 0.0).await;
        broker.confirms("mine", "t1", 4, "active").await;
        service.becomes(&made, "verified").await;
    }
}

#[tokio::test]
async fn an_account_that_is_nowhere_fails_the_session() {
    for was_unlinked in [false, true] {
        let (broker, stackone) = (Broker::new(), stackone().await);
        if was_unlinked {
            // Before anything else was known of it.
            let unlinked = json!({"state": "unlinked"});
            broker.confirms_with("ghost", 1, unlinked).await;
        }
        let service = Service::ready_with(&broker, &stackone, |settings| {
            looks(settings);
            settings.look.give_up_after = Duration::from_secs(1);
        })
        .await;
        let made = service.create(json!({})).await;
        assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
        let hint = json!({"account_id": "ghost"});
        assert_eq!(service.call(&made, "/linked", &hint).await, 204);
        let failed = service.becomes(&made, "failed").await;
        assert_eq!(failed["reasons"], json!(["not_found"]));
        broker.read(Topic::AccountEvents, 1).await;
    }
}

#[tokio::test]
async fn no_look_is_asked_for_while_looks_are_switched_off() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        looks(settings);
        settings.look.enabled = false;
    })
    .await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(
        service
            .call(&made, "/linked", &json!({"account_id": "new"}))
            .await,
        204
    );
    broker.confirms("new", "t1", 1, "active").await;
    service.becomes(&made, "verified").await;
    let published = "stackone_connect_looks_total{outcome=\"published\"}";
    assert_eq!(service.metric(published).await, Some(0.0));
}

#[tokio::test]
async fn the_account_of_another_tenant_is_no_hint() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("theirs", "t2", 1, "active").await;
    eventually("known", async || {
        let known = service
            .get("/v1/accounts/theirs?tenant=t2", SERVICE_TOKEN)
            .await;
        (known.status() == 200).then_some(())
    })
    .await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(
        service
            .call(&made, "/linked", &json!({"account_id": "theirs"}))
            .await,
        204
    );
    let session = service.session(&made).await;
    assert_eq!(
        (&session["state"], session.get("account_id")),
        (&json!("linking"), None)
    );
    let counted = "stackone_connect_notable_total{what=\"foreign_hint\"}";
    assert_eq!(service.metric(counted).await, Some(1.0));
    for _ in 0..5 {
        assert_eq!(
            service
                .call(&made, "/linked", &json!({"account_id": "new"}))
                .await,
            204
        );
    }
    assert_eq!(
        service
            .call(&made, "/linked", &json!({"account_id": "new"}))
            .await,
        429
    );
}
