//! Connect sessions and deletions, against every status and kind of garbage.

use secrecy::ExposeSecret;
use stackone_client::{ApiError, Client, ConnectSession, ConnectSessionRequest, Deletion};
use stackone_link_schemas::AccountId;
use wiremock::matchers::{basic_auth, body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{ID, fixture, json, options};

async fn session(template: ResponseTemplate) -> Result<ConnectSession, ApiError> {
    let server = MockServer::start().await;
    let wanted = serde_json::json!({
        "origin_owner_id": "tenant_8f41c2",
        "origin_owner_name": "Acme Manufacturing Ltd",
        "expires_in": 1800,
    });
    Mock::given(method("POST"))
        .and(path("/connect_sessions"))
        .and(basic_auth("v1.eu1.test", ""))
        .and(header("content-type", "application/json"))
        .and(body_json(wanted))
        .respond_with(template)
        .expect(1)
        .mount(&server)
        .await;
    let (id, name) = ("tenant_8f41c2", "Acme Manufacturing Ltd");
    let request = ConnectSessionRequest {
        expires_in: Some(1800),
        ..ConnectSessionRequest::new(id.to_owned(), name.to_owned())
    };
    let client = Client::new(options(&server.uri())).unwrap();
    client.create_connect_session(&request).await
}

async fn deletion(template: ResponseTemplate) -> Result<Deletion, ApiError> {
    let server = MockServer::start().await;
    Mock::given(method("DELETE"))
        .and(path(format!("/accounts/{ID}")))
        .and(basic_auth("v1.eu1.test", ""))
        .respond_with(template)
        .expect(1)
        .mount(&server)
        .await;
    let client = Client::new(options(&server.uri())).unwrap();
    client
        .delete_account(&AccountId::try_from(ID).unwrap())
        .await
}

#[tokio::test]
async fn a_session_is_made_and_shows_its_token_to_no_debug_output() {
    for status in [200, 201] {
        let answer = json(status, &fixture("connect_sessions.post.201.json"));
        let made = session(answer).await.unwrap();
        assert_eq!(made.token.expose_secret(), "fixture-connect-session-token");
        assert!(made.auth_link_url.is_some());
        assert!(!format!("{made:?}").contains("fixture"));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_session_is_sorted_by_what_the_caller_will_do() {
    for status in [401, 403] {
        let told = session(json(status, "{}")).await;
        assert!(matches!(told, Err(ApiError::Refused { status: seen }) if seen == status));
    }
    for status in [400, 404, 409, 412, 422] {
        let told = session(json(status, "{}")).await;
        assert!(matches!(told, Err(ApiError::Rejected { status: seen }) if seen == status));
    }
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "7");
    let told = session(limited).await;
    let seven = Some(std::time::Duration::from_secs(7));
    assert!(matches!(told, Err(ApiError::RateLimited { retry_after }) if retry_after == seven));
    for status in [202, 204, 302, 307, 408, 500, 502, 503] {
        let told = session(ResponseTemplate::new(status)).await;
        assert!(
            matches!(told, Err(ApiError::Unavailable { .. })),
            "{status}"
        );
    }
    let huge = format!(r#"{{"token":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
    for body in [
        "",
        "[]",
        "null",
        "<html></html>",
        r#"{"token":null}"#,
        r#"{"token":"#,
        &huge,
    ] {
        let told = session(json(201, body)).await;
        assert!(
            matches!(told, Err(ApiError::Unreadable { .. })),
            "{body:.20}"
        );
    }
}

#[tokio::test]
async fn a_deletion_is_judged_by_its_status_and_only_stackones_own_404_says_that_there_was_none() {
    for (status, body) in [(200, "not JSON"), (202, ""), (204, "")] {
        assert_eq!(
            deletion(json(status, body)).await.unwrap(),
            Deletion::Deleted
        );
    }
    let gone = json(404, &fixture("accounts.get.404.json"));
    assert_eq!(deletion(gone).await.unwrap(), Deletion::NotFound);
    let other = deletion(json(404, "<html></html>")).await;
    assert!(matches!(other, Err(ApiError::Unavailable { .. })));
}

#[tokio::test]
async fn an_answer_that_is_no_deletion_is_sorted_by_what_the_caller_will_do() {
    for status in [401, 403] {
        let told = deletion(json(status, "{}")).await;
        assert!(matches!(told, Err(ApiError::Refused { status: seen }) if seen == status));
    }
    for status in [400, 409, 422] {
        let told = deletion(json(status, "{}")).await;
        assert!(matches!(told, Err(ApiError::Rejected { status: seen }) if seen == status));
    }
    let told = deletion(ResponseTemplate::new(429)).await;
    assert!(matches!(
        told,
        Err(ApiError::RateLimited { retry_after: None })
    ));
    for status in [301, 408, 500, 503] {
        let told = deletion(ResponseTemplate::new(status)).await;
        assert!(
            matches!(told, Err(ApiError::Unavailable { .. })),
            "{status}"
        );
    }
}
