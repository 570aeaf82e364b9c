//! Lists of accounts, and several accounts at once.

use std::time::Duration;

use stackone_client::{ApiError, Client, Listed};
use stackone_link_schemas::{AccountId, AccountStatus};
use wiremock::matchers::{basic_auth, path, query_param, query_param_contains};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{ID, fixture, json, options};

#[tokio::test]
async fn a_list_is_read_bare_or_wrapped() {
    for file in [
        "accounts.list.200.bare-array.json",
        "accounts.list.200.data-wrapper.json",
    ] {
        let server = MockServer::start().await;
        let page = Mock::given(path("/accounts"))
            .and(query_param("page_size", "100"))
            .and(query_param("page", "3"));
        page.respond_with(json(200, &fixture(file)))
            .expect(1)
            .mount(&server)
            .await;
        let listed = Client::new(options(&server.uri()))
            .unwrap()
            .accounts(Some(3), 100)
            .await
            .unwrap();
        let found: Vec<_> = listed.listed.iter().map(shown).collect();
        assert_eq!(
            found,
            [
                (ID, Some("active")),
                ("45355976281015164504", Some("expired"))
            ]
        );
    }
    let server = MockServer::start().await;
    Mock::given(path("/accounts"))
        .respond_with(json(200, "{}"))
        .mount(&server)
        .await;
    let odd = Client::new(options(&server.uri()))
        .unwrap()
        .accounts(None, 100)
        .await;
    assert!(matches!(odd, Err(ApiError::Unreadable { .. })));
}

fn shown(listed: &Listed) -> (&str, Option<&str>) {
    let status = listed.status.as_ref().map(AccountStatus::as_str);
    (&listed.id, status)
}

#[tokio::test]
async fn an_odd_entry_of_a_list_spoils_none_of_the_others_and_keeps_its_id() {
    let server = MockServer::start().await;
    let odd = r#"[{"id":"a","status":"active","updated_at":7},{"id":"b","status":null},{"id":"c"},
        {"id":"d","status":["active"]},{"id":null,"status":"active"},{"status":"active"},null,"x",
        {"id":"e","status":"never heard of"}]"#;
    Mock::given(path("/accounts"))
        .respond_with(json(200, odd))
        .mount(&server)
        .await;
    let client = Client::new(options(&server.uri())).unwrap();
    let page = client.accounts(None, 100).await.unwrap();
    let found: Vec<_> = page.listed.iter().map(shown).collect();
    assert_eq!(
        found,
        [
            ("a", Some("active")),
            ("b", None),
            ("c", None),
            ("d", None),
            ("e", Some("never heard of"))
        ]
    );
    assert_eq!(page.nameless.len(), 4);
}

/// Asks for the two accounts of the fixtures and one more, of a server that answers with
/// `template`.
async fn batch(template: ResponseTemplate) -> Result<Vec<String>, ApiError> {
    let server = MockServer::start().await;
    let ids = [ID, "45355976281015164504", "gone"];
    let mut page = Mock::given(path("/accounts")).and(query_param("page_size", "3"));
    for id in ids {
        page = page.and(query_param_contains("account_ids", id));
    }
    page.and(basic_auth("v1.eu1.test", ""))
        .respond_with(template)
        .expect(1)
        .mount(&server)
        .await;
    let ids = ids.map(|id| AccountId::try_from(id).unwrap());
    let client = Client::new(options(&server.uri())).unwrap();
    let accounts = client.batch(&ids).await?.into_iter();
    Ok(accounts
        .map(|(id, account)| format!("{id} {}", account.status.as_str()))
        .collect())
}

#[tokio::test]
async fn several_accounts_are_asked_for_at_once_and_read_bare_or_wrapped() {
    for file in [
        "accounts.list.200.bare-array.json",
        "accounts.list.200.data-wrapper.json",
    ] {
        assert_eq!(
            batch(json(200, &fixture(file))).await.unwrap(),
            [&format!("{ID} active"), "45355976281015164504 expired"]
        );
    }
}

#[tokio::test]
async fn an_entry_of_a_batch_that_is_no_account_spoils_none_of_the_others() {
    let one = fixture("accounts.get.200.active.json");
    let odd = format!("[{{}},{one},null,\"x\",[],{{\"id\":7,\"status\":\"active\"}}]");
    assert_eq!(
        batch(json(200, &odd)).await.unwrap(),
        [format!("{ID} active")]
    );
}

#[tokio::test]
async fn a_batch_answer_that_is_no_list_is_sorted_as_that_of_one_account() {
    let huge = format!("[\"{}\"]", "x".repeat(5 * 1024 * 1024));
    let one = fixture("accounts.get.200.active.json");
    for body in ["", "{}", "null", "[{\"id\":", "<html></html>", &one, &huge] {
        assert!(matches!(
            batch(json(200, body)).await,
            Err(ApiError::Unreadable { .. })
        ));
    }
    for status in [400, 404, 414] {
        assert!(matches!(
            batch(json(status, "{}")).await,
            Err(ApiError::Rejected { .. })
        ));
    }
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "7");
    assert!(matches!(
        batch(limited).await,
        Err(ApiError::RateLimited { retry_after: Some(wait) }) if wait == Duration::from_secs(7)
    ));
    assert!(matches!(
        batch(json(401, "{}")).await,
        Err(ApiError::Refused { status: 401 })
    ));
    assert!(matches!(
        batch(json(503, "{}")).await,
        Err(ApiError::Unavailable { .. })
    ));
}
