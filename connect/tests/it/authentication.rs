//! Who may speak for a tenant.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::{Host, ISSUER};
use crate::service::{SERVICE_TOKEN, Service, config, path, text};
use crate::stackone::{answering, stackone};

async fn create(service: &Service, bearer: &str, body: Value) -> (u16, Value) {
    let answer = service.post("/v1/link-sessions", bearer, &body).await;
    (answer.status().as_u16(), answer.json())
}

#[tokio::test]
async fn a_host_s_token_makes_sessions_of_its_tenant() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let host = Host::new("k1", 1);
    let token = host.token("t1", json!({}));
    let (status, made) = create(&service, &token, json!({"channel": "hub"})).await;
    assert_eq!(status, 201, "{made}");
    let read = service.get(&path(&made, ""), &token).await;
    let read: Value = read.json();
    assert_eq!(read["id"], made["id"], "all of it");
    let theirs = service
        .get(&path(&made, ""), &host.token("t2", json!({})))
        .await;
    assert_eq!(theirs.status(), 404);
    for (claims, body, status) in [
        (
            json!({}),
            json!({"channel": "hub", "tenant": {"id": "t2"}}),
            403,
        ),
        (
            json!({}),
            json!({"channel": "hub", "project": "other"}),
            403,
        ),
        (
            json!({}),
            json!({"channel": "hub", "tenant": {"id": "t1"}}),
            201,
        ),
        (json!({"scope": "read"}), json!({"channel": "hub"}), 403),
        (json!({"aud": "other"}), json!({"channel": "hub"}), 401),
        (json!({"exp": 1}), json!({"channel": "hub"}), 401),
    ] {
        let token = host.token("t1", claims.clone());
        let (is, answer) = create(&service, &token, body.clone()).await;
        assert_eq!(is, status, "{claims} {body}: {answer}");
    }
    let reads = host.token("t1", json!({"scope": "read"}));
    let cancel = service
        .post(&path(&made, "/cancel"), &reads, &json!({}))
        .await;
    assert_eq!(cancel.status(), 403);
    let links = host.token("t1", json!({"scope": "link"}));
    let read = service.get(&path(&made, ""), &links).await;
    assert_eq!(read.status(), 403);
    let cancel = service
        .post(&path(&made, "/cancel"), &links, &json!({}))
        .await;
    assert_eq!(cancel.status(), 204);
    let refused = "stackone_connect_jwt_refusals_total{reason=\"jwt_audience\"}";
    assert_eq!(service.metric(refused).await, Some(1.0));
}

#[tokio::test]
async fn a_service_token_with_two_dots_is_no_jwt() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let (config, folder) = config(&broker, &stackone, &Host::new("k1", 1), |_| {});
    let service = Service::run(&config, folder);
    service.becomes_ready().await;
    let token = "hush.service-token.0123456789abcdef";
    std::fs::write(service.folder.path().join("service-token"), token).unwrap();
    eventually("believed", async || {
        let answer = service.get("/v1/accounts?tenant=t1", token).await;
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_else_is_believed_and_a_service_token_from_a_page_is_refused() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    for bearer in [
        "",
        "x",
        "a.b.c",
        &SERVICE_TOKEN[1..],
        &Host::new("k1", 2).token("t1", json!({})),
    ] {
        let (status, problem) = create(&service, bearer, json!({"channel": "hub"})).await;
        assert_eq!(status, 401, "{bearer}");
        assert_eq!(
            text(&problem, "type"),
            "urn:stackone-connect:problem:unauthenticated"
        );
    }
    for (header, why) in [
        (json!({"alg": "none", "kid": "k1"}), "header"),
        (json!({"alg": "HS256", "kid": "k1"}), "header"),
        (
            json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]}),
            "header",
        ),
        (json!({"alg": "EdDSA"}), "unknown_key"),
        (json!({"alg": "EdDSA", "kid": "k2"}), "unknown_key"),
        (
            json!({"alg": "EdDSA", "kid": "k2", "jku": "https://evil.example.com"}),
            "unknown_key",
        ),
        (json!(["EdDSA", "k1"]), "malformed"),
    ] {
        let counted = format!("stackone_connect_jwt_refusals_total{{reason=\"jwt_{why}\"}}");
        let before = service.metric(&counted).await.unwrap_or_default();
        let token = Host::new("k1", 1).token_under(header.clone(), "t1", json!({}));
        let (status, _) = create(&service, &token, json!({"channel": "hub"})).await;
        assert_eq!(status, 401, "{header}");
        assert_eq!(
            service.metric(&counted).await,
            Some(before + 1.0),
            "{header}"
        );
    }
    let url = format!("http://{}/v1/accounts", service.public);
    assert_eq!(service.send(service.client.get(url)).await.status(), 401);
    let request = service.request(Method::GET, "/v1/accounts?tenant=t1", SERVICE_TOKEN);
    let request = request.header("origin", "https://app.example.com");
    let answer = service.send(request).await;
    assert_eq!(answer.status(), 403);
    let counted = "stackone_connect_refusals_total{reason=\"service_token_in_browser\"}";
    assert_eq!(service.metric(counted).await, Some(1.0));
}

#[tokio::test]
async fn a_key_set_is_fetched_for_a_key_that_is_not_known() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let host = Host::new("rotated", 9);
    // The first token comes while the key set is still being fetched, and waits for it.
    let answer = ResponseTemplate::new(200).set_body_json(host.jwks());
    let keys = answering(answer.set_delay(Duration::from_millis(1500))).await;
    let (config, folder) = config(&broker, &stackone, &Host::new("k1", 1), |settings| {
        settings.issuers[0].jwks_file = None;
        settings.issuers[0].jwks_url = Some(keys.uri().parse().unwrap());
    });
    let service = Service::run(&config, folder);
    service.becomes_ready().await;
    let (status, _) = create(
        &service,
        &host.token("t1", json!({})),
        json!({"channel": "hub"}),
    )
    .await;
    assert_eq!(status, 201);
    let stranger = Host::new("stranger", 3).token("t1", json!({}));
    for _ in 0..3 {
        assert_eq!(
            create(&service, &stranger, json!({"channel": "hub"}))
                .await
                .0,
            401
        );
    }
    let fetched = keys.received_requests().await.unwrap().len();
    assert_eq!(fetched, 1, "once a minute");
    let at = format!("stackone_connect_jwks_last_success_timestamp_seconds{{issuer=\"{ISSUER}\"}}");
    assert!(service.metric(&at).await.is_some_and(|at| at > 0.0));
}

#[tokio::test]
async fn secrets_of_connect_rotate_while_it_runs() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let file = |name: &str| service.folder.path().join(name);
    let other = "another-service-token-0123456789abcdef";
    let works =
        async |bearer: &str| service.get("/v1/accounts?tenant=t1", bearer).await.status() == 200;
    assert!(works(SERVICE_TOKEN).await && !works(other).await);
    std::fs::write(file("service-token"), other).unwrap();
    eventually("rotated", async || works(other).await.then_some(())).await;
    assert!(!works(SERVICE_TOKEN).await, "the old one is revoked");
    std::fs::remove_file(file("service-token")).unwrap();
    eventually("told", async || {
        let failures = "stackone_connect_secret_reload_failures_total";
        service.metric(failures).await.filter(|count| *count > 0.0)
    })
    .await;
    assert!(works(other).await, "a file that is gone revokes nothing");
    let host = Host::new("k2", 2);
    std::fs::write(file("jwks.json"), host.jwks().to_string()).unwrap();
    let token = host.token("t1", json!({}));
    eventually("rotated", async || {
        (service.get("/v1/accounts", &token).await.status() == 200).then_some(())
    })
    .await;
    let old = Host::new("k1", 1).token("t1", json!({}));
    assert_eq!(service.get("/v1/accounts", &old).await.status(), 401);
}
