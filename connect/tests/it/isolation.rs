//! No request of one tenant reads, changes or guesses what is another's.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, path, text};
use crate::stackone::{asked, stackone};

/// A request of the tenant `t2`: what it does, to which id, with which body.
fn request(session: &str) -> impl Strategy<Value = (Method, String, Value)> + use<> {
    let ids = [
        session.to_owned(),
        session.to_uppercase(),
        "a-theirs".to_owned(),
        "%2e%2e".to_owned(),
    ];
    let id = proptest::sample::select(ids.to_vec());
    let route = proptest::sample::select(vec![
        (Method::GET, "/v1/link-sessions/ID"),
        (Method::GET, "/v1/link-sessions/ID/events"),
        (Method::POST, "/v1/link-sessions/ID/open"),
        (Method::POST, "/v1/link-sessions/ID/token"),
        (Method::POST, "/v1/link-sessions/ID/linked"),
        (Method::POST, "/v1/link-sessions/ID/cancel"),
        (Method::GET, "/v1/accounts/ID"),
        (Method::DELETE, "/v1/accounts/ID"),
        (Method::POST, "/v1/link-sessions"),
    ]);
    let query = proptest::sample::select(vec![
        "",
        "?tenant=t1",
        "?tenant=t2",
        "?project=acme-1&tenant=t1",
    ]);
    let body = proptest::sample::select(vec![
        json!({}),
        json!({"account_id": "a-theirs"}),
        json!({"channel": "hub", "account_id": "a-theirs"}),
        json!({"channel": "hub", "tenant": {"id": "t1", "name": "Acme"}}),
    ]);
    (id, route, query, body).prop_map(|(id, (method, route), query, body)| {
        (method, format!("{}{query}", route.replace("ID", &id)), body)
    })
}

#[tokio::test]
async fn a_tenant_gets_nothing_of_anothers_whatever_it_asks() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    broker.confirms("a-theirs", "t1", 1, "error").await;
    eventually("known", async || {
        let known = service
            .get("/v1/accounts/a-theirs?tenant=t1", SERVICE_TOKEN)
            .await;
        (known.status() == 200).then_some(())
    })
    .await;
    let theirs = service.create(json!({"channel": "link"})).await;
    let own = service
        .create(json!({"tenant": {"id": "t2", "name": "Other"}}))
        .await;
    let before = service.session(&theirs).await;
    let host = Host::new("k1", 1);
    let jwt = host.token("t2", json!({"scope": "link read disconnect"}));
    let bearers = [jwt.as_str(), text(&own, "client_token")];
    let mut runner = TestRunner::deterministic();
    for nth in 0..150 {
        let (method, path, body) = request(text(&theirs, "id"))
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let request = service
            .request(method.clone(), &path, bearers[nth % 2])
            .json(&body);
        let answer = service.send(request).await;
        let (status, answer) = (answer.status().as_u16(), answer.text());
        let says = format!("{method} {path} {body}: {status} {answer}");
        assert!([400, 401, 403, 404, 422].contains(&status), "{says}");
        assert!(
            !answer.contains("a-theirs") && !answer.contains("bamboohr"),
            "{says}"
        );
    }
    assert_eq!(service.session(&theirs).await, before);
    assert_eq!(asked(&stackone).await, Vec::<Value>::new());
    let unknown = json!({"id": "00000000-0000-4000-8000-000000000000"});
    let foreign = service.get(&path(&theirs, ""), &jwt).await;
    let none = service.get(&path(&unknown, ""), &jwt).await;
    let malformed = service.get("/v1/link-sessions/x", &jwt).await;
    let (foreign, none) = (foreign.text(), none.text());
    assert_eq!(foreign, none, "one and the same answer");
    assert_eq!(foreign, malformed.text());
}
