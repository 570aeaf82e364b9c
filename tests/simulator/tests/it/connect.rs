//! Connect sessions, and what a backend asks with its API key.

use reqwest::Method;
use serde_json::{Value, json};
use stackone_simulator::{Fault, FaultRule, NewAccount, Notify, Operation, Simulator};

use crate::stage::{
    KEY, PROJECT, client, config, config_for, get, project, received, receiver, start,
};

/// What a backend asks.
pub(crate) async fn ask(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    ask_as(simulator, KEY, method, path, body).await
}

async fn ask_as(
    simulator: &Simulator,
    key: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let request = client()
        .request(method, format!("{}{path}", simulator.api_url()))
        .header("user-agent", "simulator-tests")
        .basic_auth(key, Some(""));
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// A session of the tenant `tenant-1`, with these fields besides.
pub(crate) async fn session(simulator: &Simulator, more: Value) -> Value {
    let mut body = json!({ "origin_owner_id": "tenant-1", "origin_owner_name": "Acme" });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let (status, made) = ask(simulator, Method::POST, "/connect_sessions", &body).await;
    assert_eq!(status, 201, "{made}");
    made
}

pub(crate) fn token(session: &Value) -> &str {
    session["token"].as_str().unwrap()
}

#[tokio::test]
async fn a_session_is_made_with_a_token_that_authenticates_it_and_is_shown_no_more() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({ "provider": "hibob", "label": "L" })).await;
    assert_eq!(made["project_id"], PROJECT);
    assert_eq!(
        (&made["label"], &made["type"]),
        (&"L".into(), &"production".into())
    );
    let link = made["auth_link_url"].as_str().unwrap();
    assert!(
        link.starts_with(&simulator.api_url()) && link.contains(token(&made)),
        "{link}"
    );

    let path = "/connect_sessions/authenticate";
    let body = json!({ "token": token(&made) });
    let (status, shown) = ask(&simulator, Method::POST, path, &body).await;
    assert_eq!((status, &shown["id"]), (201, &made["id"]));
    assert!(shown.get("token").is_none());
    assert!(shown["latest_connection_attempt"].is_null());
    let (status, _) = ask(&simulator, Method::POST, path, &json!({ "token": "x" })).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_token_is_refused_once_its_session_has_ended() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    let id = made["id"].as_u64().unwrap();
    let url = format!("{}/control/sessions/{id}/end", simulator.control_url());
    assert_eq!(client().post(&url).send().await.unwrap().status(), 204);
    let body = json!({ "token": token(&made) });
    let path = "/connect_sessions/authenticate";
    assert_eq!(ask(&simulator, Method::POST, path, &body).await.0, 401);
    let short = session(&simulator, json!({ "expires_in": 0 })).await;
    let body = json!({ "token": token(&short) });
    assert_eq!(ask(&simulator, Method::POST, path, &body).await.0, 401);

    let sessions = client().get(format!("{}/control/sessions", simulator.control_url()));
    let sessions = sessions.send().await.unwrap().text().await.unwrap();
    assert!(
        sessions.contains("tenant-1") && !sessions.contains(token(&made)),
        "{sessions}"
    );
    let unknown = url.replace(&format!("/{id}/"), "/99/");
    assert_eq!(client().post(unknown).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_body_that_is_not_as_documented_is_400_and_an_account_of_another_project_404() {
    let mut config = config();
    config.projects.push(project("globex", "v1.eu1.globex"));
    let simulator = start(config).await;
    let id = simulator.link(&NewAccount::default()).unwrap();
    let path = "/connect_sessions";
    let whole = json!({ "origin_owner_id": "t", "origin_owner_name": "T", "account_id": id });
    for (body, status) in [
        (json!({ "origin_owner_id": "t" }), 400),
        (
            json!({ "origin_owner_id": "t", "origin_owner_name": "T", "owner": 1 }),
            400,
        ),
        (json!([]), 400),
    ] {
        assert_eq!(
            ask(&simulator, Method::POST, path, &body).await.0,
            status,
            "{body}"
        );
    }
    assert_eq!(ask(&simulator, Method::POST, path, &whole).await.0, 201);
    let foreign = ask_as(&simulator, "v1.eu1.globex", Method::POST, path, &whole).await;
    assert_eq!(foreign.0, 404);
    assert_eq!(
        ask_as(&simulator, "no key", Method::POST, path, &whole)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_deleted_account_is_shown_once_more_and_announced() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let new = NewAccount {
        notify: Notify::Silent,
        ..NewAccount::default()
    };
    let id = simulator.link(&new).unwrap();
    let path = format!("/accounts/{id}");
    let (status, shown) = ask(&simulator, Method::DELETE, &path, &Value::Null).await;
    assert_eq!(
        (status, &shown["id"], &shown["status"]),
        (200, &json!(id), &"active".into())
    );
    assert_eq!(get(&simulator, &path).await.status(), 404);
    assert_eq!(
        ask(&simulator, Method::DELETE, &path, &Value::Null).await.0,
        404
    );
    let webhooks = received(&simulator, &receiver).await;
    let body: Value = serde_json::from_slice(&webhooks[0].body).unwrap();
    assert_eq!(
        (webhooks.len(), &body["event"]),
        (1, &"account.deleted".into())
    );
}

#[tokio::test]
async fn a_fault_befalls_only_the_operation_it_is_for() {
    let simulator = start(config()).await;
    let down = FaultRule::always(Fault::status(503)).for_operation(Operation::CreateSession);
    simulator.faults().set(down).unwrap();
    let body = json!({ "origin_owner_id": "t", "origin_owner_name": "T" });
    let (status, error) = ask(&simulator, Method::POST, "/connect_sessions", &body).await;
    assert_eq!((status, &error["statusCode"]), (503, &503.into()));
    assert_eq!(get(&simulator, "/accounts").await.status(), 200);
    let counted = simulator.api_requests();
    let created = counted
        .iter()
        .find(|count| count.operation == Operation::CreateSession);
    assert_eq!(
        created.map(|count| (count.status, count.count)),
        Some((503, 1))
    );
}

#[tokio::test]
async fn an_operation_that_the_simulator_lacks_is_not_answered_as_a_missing_account_is() {
    let simulator = start(config()).await;
    let id = simulator.link(&NewAccount::default()).unwrap();
    for (method, path) in [
        (Method::GET, "/accounts/x/meta".to_owned()),
        (Method::PATCH, format!("/accounts/{id}")),
        (Method::GET, "/unified/hris/employees".to_owned()),
    ] {
        let (status, error) = ask(&simulator, method.clone(), &path, &Value::Null).await;
        assert_eq!(status, 501, "{method} {path}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("does not have") && message.contains(&path),
            "{message}"
        );
    }
    assert_eq!(get(&simulator, "/accounts/x").await.status(), 404);
}
