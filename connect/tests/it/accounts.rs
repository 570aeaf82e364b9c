//! A tenant's accounts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, text};
use crate::stackone::stackone;

#[tokio::test]
async fn accounts_are_listed_as_last_confirmed_page_by_page() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    for nth in 0..101 {
        broker
            .confirms(&format!("a{nth:03}"), "t1", 1, "active")
            .await;
    }
    broker.confirms("theirs", "t2", 1, "active").await;
    broker
        .confirms_with("pending", 0, json!({"state": "none"}))
        .await;
    let page = async |query: &str| {
        let path = format!("/v1/accounts?tenant=t1{query}");
        service.get(&path, SERVICE_TOKEN).await
    };
    let ids = |page: &Value| {
        let accounts = page["accounts"].as_array().unwrap();
        accounts
            .iter()
            .map(|one| text(one, "id").to_owned())
            .collect::<Vec<_>>()
    };
    let (first, last) = eventually("all read", async || {
        let first: Value = page("").await.json();
        let cursor = first["next_cursor"].as_str()?;
        let last: Value = page(&format!("&cursor={cursor}")).await.json();
        (ids(&last).len() == 1).then_some((first, last))
    })
    .await;
    assert_eq!(ids(&first).len(), 100);
    assert_eq!(
        (ids(&first)[0].as_str(), ids(&last)[0].as_str()),
        ("a000", "a100")
    );
    assert_eq!(last.get("next_cursor"), None);
    assert_eq!(last["accounts"][0]["health"], "ok");
    let tag = page("").await.headers()["etag"].clone();
    let request = service.request(Method::GET, "/v1/accounts?tenant=t1", SERVICE_TOKEN);
    let same = service.send(request.header("if-none-match", tag)).await;
    assert_eq!(same.status(), 304);
}

#[tokio::test]
async fn the_providers_words_are_for_services_only() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("a", "t1", 1, "error").await;
    let by_service = eventually("known", async || {
        let answer = service.get("/v1/accounts/a?tenant=t1", SERVICE_TOKEN).await;
        (answer.status() == 200).then_some(answer)
    })
    .await;
    let by_service = by_service.text();
    assert!(by_service.contains("the provider's words"), "{by_service}");
    let token = Host::new("k1", 1).token("t1", json!({}));
    let by_host = service.get("/v1/accounts/a", &token).await.text();
    assert!(
        !by_host.contains("provider's words") && by_host.contains("needs_reauth"),
        "{by_host}"
    );
}

#[tokio::test]
async fn who_may_disconnect_deletes_at_stackone_and_the_processor_is_asked_to_look() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.look.enabled = true;
    })
    .await;
    broker.confirms("a", "t1", 1, "active").await;
    eventually("known", async || {
        let known = service.get("/v1/accounts/a?tenant=t1", SERVICE_TOKEN).await;
        (known.status() == 200).then_some(())
    })
    .await;
    let delete = async |path: &str, bearer: &str| {
        let request = service.request(Method::DELETE, path, bearer);
        service.send(request).await.status().as_u16()
    };
    let host = Host::new("k1", 1);
    let plain = host.token("t1", json!({}));
    assert_eq!(
        delete("/v1/accounts/a", &plain).await,
        403,
        "not by default"
    );
    let theirs = host.token("t2", json!({"scope": "disconnect"}));
    assert_eq!(delete("/v1/accounts/a", &theirs).await, 404);
    assert_eq!(
        delete("/v1/accounts/a%2fb?tenant=t1", SERVICE_TOKEN).await,
        404
    );
    assert_eq!(stackone.received_requests().await.unwrap().len(), 0);
    let may = host.token("t1", json!({"scope": "disconnect"}));
    assert_eq!(delete("/v1/accounts/a", &may).await, 202);
    let (_, look, _) = broker
        .read(stackone_link_wire::Topic::AccountEvents, 1)
        .await
        .remove(0);
    assert_eq!(look["because"], "disconnected");
}

/// As the processor reads its states: what is only told of an account decides nothing.
#[tokio::test]
async fn an_odd_account_is_listed_and_members_that_decide_are_never_guessed() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let about = |created_at: &str| json!({"provider": "p", "origin_owner_id": "t1", "created_at": created_at});
    for (account, state, created_at) in [
        ("odd", "active", "yesterday"),
        ("later", "of_a_later_version", "2026-01-01T00:00:00Z"),
    ] {
        let state = json!({"state": state, "status": "active", "account": about(created_at)});
        broker.confirms_with(account, 1, state).await;
    }
    eventually("both read", async || {
        let line = r#"stackone_connect_unreadable_records_total{topic="state"}"#;
        let unreadable = service.metric(line).await?;
        let odd = "/v1/accounts/odd?tenant=t1";
        let answer = service.get(odd, SERVICE_TOKEN).await;
        (unreadable >= 1.0 && answer.status() == 200).then_some(())
    })
    .await;
    let listed: Value = service
        .get("/v1/accounts?tenant=t1", SERVICE_TOKEN)
        .await
        .json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(listed["accounts"][0]["id"], "odd");
}
