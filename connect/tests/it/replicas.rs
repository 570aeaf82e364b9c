//! Two replicas, one log.

use serde_json::{Value, json};
use stackone_connect::config::Settings;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::stackone;

#[tokio::test]
async fn a_session_of_one_replica_is_served_by_the_other_at_once() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let one = Service::ready(&broker, &stackone).await;
    let other = Service::ready(&broker, &stackone).await;
    for _ in 0..5 {
        let made = one.create(json!({})).await;
        assert_eq!(other.reads(&made).await["state"], "created");
        assert_eq!(other.call(&made, "/token", &json!({})).await, 200);
    }
}

#[tokio::test]
async fn one_idempotency_key_is_one_session_on_both_replicas() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let one = Service::ready(&broker, &stackone).await;
    let other = Service::ready(&broker, &stackone).await;
    let (first, second) = tokio::join!(
        one.try_create(json!({}), Some("order-7")),
        other.try_create(json!({}), Some("order-7")),
    );
    let (first, second): (Value, Value) = (first.json(), second.json());
    assert_eq!(first["id"], second["id"], "{first} {second}");
    assert_eq!(first["client_token"], second["client_token"]);
    let conflict = other
        .try_create(json!({"multiple": true}), Some("order-7"))
        .await;
    assert_eq!(conflict.status(), 422);
    let conflict: Value = conflict.json();
    assert!(text(&conflict, "type").ends_with("idempotency_conflict"));
    let tenant = json!({"tenant": {"id": "t2", "name": "Other"}});
    let theirs: Value = one.try_create(tenant, Some("order-7")).await.json();
    assert_ne!(theirs["id"], first["id"], "of another tenant");
}

#[tokio::test]
async fn what_two_replicas_do_at_once_is_counted_once() {
    const ROUNDS: u32 = 20;
    let (broker, stackone) = (Broker::new(), stackone().await);
    let one = Service::ready(&broker, &stackone).await;
    let other = Service::ready(&broker, &stackone).await;
    for round in 0..ROUNDS {
        let key = format!("press-{round}");
        let (made, again) = tokio::join!(
            one.try_create(json!({}), Some(&key)),
            other.try_create(json!({}), Some(&key)),
        );
        let (made, again): (Value, Value) = (made.json(), again.json());
        assert_eq!(made["id"], again["id"], "{made} {again}");
        let nothing = json!({});
        let cancelled = tokio::join!(
            one.call(&made, "/cancel", &nothing),
            other.call(&made, "/cancel", &nothing),
        );
        assert_eq!(cancelled, (204, 204));
    }
    for counted in [
        "stackone_connect_sessions_created_total{channel=\"hub\"}",
        "stackone_connect_sessions_settled_total{channel=\"hub\",state=\"cancelled\"}",
    ] {
        let counts = (one.metric(counted).await, other.metric(counted).await);
        let all = counts.0.zip(counts.1).map(|(one, other)| one + other);
        assert_eq!(all, Some(f64::from(ROUNDS)), "{counted}");
    }
}

#[tokio::test]
async fn a_session_cancelled_and_settled_at_once_ends_alike_on_both_replicas_and_after_a_restart() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let many = |settings: &mut Settings| settings.stackone.requests_per_minute = 6000;
    let one = Service::ready_with(&broker, &stackone, many).await;
    let other = Service::ready_with(&broker, &stackone, many).await;
    let mut all = Vec::new();
    for round in 0..20 {
        let tenant = format!("t{round}");
        let made = one
            .create(json!({"tenant": {"id": tenant, "name": "Acme"}}))
            .await;
        assert_eq!(one.call(&made, "/token", &json!({})).await, 200);
        other.reads(&made).await;
        other.becomes(&made, "linking").await;
        let account = format!("a{round}");
        let cancel = json!({});
        tokio::join!(broker.confirms(&account, &tenant, 1, "active"), async {
            other.call(&made, "/cancel", &cancel).await
        },);
        let decided = eventually("decided", async || {
            let (a, b) = (one.session(&made).await, other.session(&made).await);
            let is_final = ["verified", "cancelled"].contains(&text(&a, "state"));
            (is_final && a["state"] == b["state"]).then_some(a["state"].clone())
        })
        .await;
        all.push((made, decided));
    }
    one.stopped().await.unwrap();
    let again = Service::ready(&broker, &stackone).await;
    for (made, decided) in &all {
        assert_eq!(again.session(made).await["state"], *decided);
    }
}

#[tokio::test]
async fn the_list_of_a_tenant_has_its_sessions_by_state() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let open = service.create(json!({})).await;
    let cancelled = service.create(json!({})).await;
    let theirs = service
        .create(json!({"tenant": {"id": "t2", "name": "Other"}}))
        .await;
    assert_eq!(service.call(&cancelled, "/cancel", &json!({})).await, 204);
    assert_eq!(
        service.call(&cancelled, "/cancel", &json!({})).await,
        204,
        "again"
    );
    assert_eq!(service.call(&cancelled, "/token", &json!({})).await, 409);
    let ids = async |query: &str| {
        let path = format!("/v1/link-sessions?tenant=t1{query}");
        let page: Value = service.get(&path, SERVICE_TOKEN).await.json();
        assert!(page["as_of"].is_string());
        let sessions = page["sessions"].as_array().unwrap();
        sessions
            .iter()
            .map(|one| one["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("&state=created").await, [open["id"].clone()]);
    assert_eq!(ids("&state=cancelled").await, [cancelled["id"].clone()]);
    assert!(!ids("").await.contains(&theirs["id"]));
    let unknown = service
        .get(&path(&theirs, "?tenant=t1"), SERVICE_TOKEN)
        .await;
    assert_eq!(unknown.status(), 404, "another tenant's");
}
