//! StackOne's side: connect sessions and deletions.

use serde_json::{Value, json};
use wiremock::matchers::{any, method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "hush-api-key";
pub(crate) const TOKEN: &str = "hush-stackone-token";

/// A StackOne that answers as it should.
pub(crate) async fn stackone() -> MockServer {
    let server = MockServer::start().await;
    let session = json!({
        "id": 1, "organization_id": 1, "project_id": "acme-1", "origin_owner_id": "t1",
        "origin_owner_name": "Acme", "created_at": "2026-01-01T00:00:00Z", "token": TOKEN,
        "auth_link_url": format!("https://app.stackone.com/embedded/integrations?token={TOKEN}"),
    });
    Mock::given(method("POST"))
        .and(path("/connect_sessions"))
        .respond_with(ResponseTemplate::new(201).set_body_json(session))
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .and(path_regex("^/accounts/[A-Za-z0-9]+$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&server)
        .await;
    server
}

/// A StackOne that answers everything so.
pub(crate) async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// The bodies of the requests that it had.
pub(crate) async fn asked(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    let bodies = requests.iter();
    bodies
        .map(|request| serde_json::from_slice(&request.body).unwrap_or(Value::Null))
        .collect()
}
