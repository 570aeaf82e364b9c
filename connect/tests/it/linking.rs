//! A tenant links an account in a page.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use stackone_connect::config::Settings;
use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::{TOKEN, answering, asked, stackone};
use wiremock::ResponseTemplate;

#[tokio::test]
async fn an_account_is_verified_by_the_processor_and_not_by_the_page() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({"label": "plant"})).await;
    assert_eq!(made["state"], "created");
    assert!(made.get("link_url").is_none(), "{made}");
    let answer = service
        .post(
            &path(&made, "/token"),
            text(&made, "client_token"),
            &json!({}),
        )
        .await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let minted: Value = answer.json();
    assert_eq!(minted["token"], TOKEN);
    assert_eq!(minted["hub"], Value::Null, "none is configured");
    let asked = asked(&stackone).await;
    let expected = json!({
        "origin_owner_id": "t1", "origin_owner_name": "Acme", "provider": "bamboohr", "label": "plant",
        "expires_in": 1800,
    });
    assert_eq!(asked, [expected]);
    assert_eq!(service.session(&made).await["state"], "linking");
    let hint = json!({"account_id": "new", "provider": "bamboohr"});
    assert_eq!(service.call(&made, "/linked", &hint).await, 204);
    let linked = service.session(&made).await;
    assert_eq!(
        (&linked["state"], &linked["account_id"]),
        (&json!("linked"), &json!("new"))
    );
    broker.confirms("new", "t1", 1, "active").await;
    let verified = service.becomes(&made, "verified").await;
    assert_eq!(verified["account_id"], "new");
    let facts = broker.read(Topic::LinkSessions, 4).await;
    let types: Vec<_> = facts
        .iter()
        .map(|(_, fact, _)| text(fact, "type").to_owned())
        .collect();
    let expected = ["created", "token_minted", "linked_reported", "settled"];
    assert_eq!(types, expected.map(|kind| format!("link.session.{kind}")));
    assert!(facts.iter().all(|(key, ..)| key == "acme-1/t1"));
    let settled = "stackone_connect_sessions_settled_total{channel=\"hub\",state=\"verified\"}";
    assert_eq!(service.metric(settled).await, Some(1.0));
    let waited = "stackone_connect_linked_to_verified_seconds_count";
    assert_eq!(service.metric(waited).await, Some(1.0));
}

#[tokio::test]
async fn what_was_verified_stays_so_after_a_degradation_and_a_restart() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    broker.confirms("new", "t1", 1, "active").await;
    service.becomes(&made, "verified").await;
    broker.confirms("new", "t1", 2, "error").await;
    service.stopped().await.unwrap();
    let again = Service::ready(&broker, &stackone).await;
    assert_eq!(again.session(&made).await["state"], "verified");
    assert_eq!(
        again.call(&made, "/token", &json!({})).await,
        409,
        "it is over"
    );
    let account = again.get("/v1/accounts/new?tenant=t1", SERVICE_TOKEN).await;
    let account: Value = account.json();
    assert_eq!(account["health"], "needs_reauth");
}

#[tokio::test]
async fn a_failure_of_stackone_is_answered_by_what_the_caller_can_do() {
    let silent = ResponseTemplate::new(201).set_delay(Duration::from_secs(60));
    let garbage = ResponseTemplate::new(201).set_body_string("garbage");
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "600");
    for (answer, is_silent, status, retry_after) in [
        (ResponseTemplate::new(401), false, 502, None),
        (ResponseTemplate::new(422), false, 502, None),
        (garbage, false, 502, None),
        (ResponseTemplate::new(500), false, 503, Some("5")),
        (silent, true, 503, Some("5")),
        (limited, false, 503, Some("300")),
    ] {
        let (broker, stackone) = (Broker::new(), answering(answer).await);
        // Of the one that does not answer: the others may be slow to.
        let brief = |settings: &mut Settings| {
            if is_silent {
                settings.stackone.timeout = Duration::from_secs(2);
            }
        };
        let service = Service::ready_with(&broker, &stackone, brief).await;
        let made = service.create(json!({})).await;
        let token = async || {
            let client_token = text(&made, "client_token");
            service
                .post(&path(&made, "/token"), client_token, &json!({}))
                .await
        };
        let refused = token().await;
        assert_eq!(refused.status(), status);
        let header = refused
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after);
        assert_eq!(
            refused.headers()["content-type"],
            "application/problem+json"
        );
        if retry_after == Some("300") {
            assert_eq!(token().await.status(), 503);
            assert_eq!(
                asked(&stackone).await.len(),
                1,
                "nothing is asked before the time is up"
            );
        }
        assert_eq!(
            service.session(&made).await["state"],
            "linking",
            "it can be tried again"
        );
    }
}

#[tokio::test]
async fn a_tenant_asks_for_so_many_sessions_and_tokens_an_hour() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.limits.sessions_per_tenant_and_hour = 2;
        settings.limits.tokens_per_tenant_and_hour = 1;
    })
    .await;
    let made = service.create(json!({})).await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    assert_eq!(service.call(&made, "/token", &json!({})).await, 429);
    service.create(json!({})).await;
    assert_eq!(service.try_create(json!({}), None).await.status(), 429);
    let other = json!({"tenant": {"id": "t2", "name": "Other"}});
    assert_eq!(service.try_create(other.clone(), None).await.status(), 201);
    // Of those that come at once, too.
    let at_once = (0..20).map(|_| service.try_create(other.clone(), None));
    let made = join_all(at_once).await.into_iter();
    let made: Vec<Value> = made
        .filter(|answer| answer.status() == 201)
        .map(|answer| answer.json())
        .collect();
    assert_eq!(made.len(), 1, "of two");
    let nothing = json!({});
    let at_once = (0..20).map(|_| service.call(&made[0], "/token", &nothing));
    let mut minted = join_all(at_once).await;
    minted.retain(|status| *status == 200);
    assert_eq!(minted.len(), 1);
}

#[tokio::test]
async fn a_request_that_says_what_cannot_be_is_refused_by_name() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    for (more, status) in [
        (json!({"return_url": "https://evil.example.com/"}), 422),
        (json!({"label": "a\u{202e}b"}), 422),
        (json!({"expires_in": 90000}), 422),
        (json!({"project": "other"}), 422),
        (json!({"tenant": {"id": "", "name": "Acme"}}), 422),
        (json!({"tenant": {"id": "t9"}}), 422),
        (json!({"owner": "t2"}), 400),
        (json!({"channel": "fax"}), 400),
        (json!({"account_id": "unknown"}), 404),
    ] {
        let answer = service.try_create(more.clone(), None).await;
        assert_eq!(answer.status(), status, "{more}");
        let problem: Value = answer.json();
        assert!(
            text(&problem, "type").starts_with("urn:stackone-connect:problem:"),
            "{problem}"
        );
    }
    let half = r#"{"tenant":{"id":"t1","name":"Acme"},"channel":"hub","label":"\ud83d"}"#;
    let request = service.request(Method::POST, "/v1/link-sessions", SERVICE_TOKEN);
    let request = request
        .header("content-type", "application/json")
        .body(half);
    assert_eq!(service.send(request).await.status(), 400, "half an emoji");
    let large = json!({"label": "x".repeat(20_000)});
    assert_eq!(service.try_create(large, None).await.status(), 413);
    let refused = "stackone_connect_refusals_total{reason=\"invalid_request\"}";
    assert_eq!(service.metric(refused).await, Some(6.0));
}
