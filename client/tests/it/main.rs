//! The client against every status and every kind of garbage.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fetches;
mod lists;
mod names;
mod packed;
mod redirects;
mod servers;
mod sessions;

use std::time::Duration;

use stackone_client::{ApiError, ApiVersion, Client, ClientOptions, Lookup, StartError};
use stackone_link_schemas::{AccountId, AccountStatus};
use wiremock::matchers::{basic_auth, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ID: &str = "GnQoASvosYhE5wJcmmAQs";

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/fixtures/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

fn options(base_url: &str) -> ClientOptions {
    ClientOptions {
        base_url: base_url.parse().unwrap(),
        api_key: "v1.eu1.test".to_owned().into(),
        api_version: ApiVersion::V1,
        // No answer that comes is late on a busy machine.
        timeout: Duration::from_secs(60),
        personal: stackone_client::PersonalFields {
            origin_username: true,
            setup_information: false,
        },
    }
}

/// Of a client that waits for no answer.
fn impatient(base_url: &str) -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(500),
        ..options(base_url)
    }
}

async fn answer(template: ResponseTemplate) -> Result<Lookup, ApiError> {
    answer_to(options, template).await
}

async fn answer_to(
    options: fn(&str) -> ClientOptions,
    template: ResponseTemplate,
) -> Result<Lookup, ApiError> {
    let server = MockServer::start().await;
    let request = Mock::given(method("GET")).and(path(format!("/accounts/{ID}")));
    request
        .and(basic_auth("v1.eu1.test", ""))
        .and(header_exists("user-agent"))
        .respond_with(template)
        .mount(&server)
        .await;
    Client::new(options(&server.uri()))
        .unwrap()
        .account(&AccountId::try_from(ID).unwrap())
        .await
}

async fn error(template: ResponseTemplate) -> ApiError {
    answer(template).await.unwrap_err()
}

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")
}

fn found(lookup: Lookup) -> stackone_client::Account {
    match lookup {
        Lookup::Found(account) => *account,
        Lookup::NotFound => panic!("not found"),
    }
}

#[tokio::test]
async fn an_account_is_read_without_setup_information() {
    let account = found(
        answer(json(200, &fixture("accounts.get.200.error.json")))
            .await
            .unwrap(),
    );
    assert_eq!(account.status, AccountStatus::Error);
    assert_eq!(account.status_reasons[0].code.as_deref(), Some("401"));
    assert_eq!(account.snapshot.provider, "bamboohr");
    assert_eq!(account.snapshot.setup_information, None);
}

#[tokio::test]
async fn the_names_of_api_version_2_are_read() {
    let server = MockServer::start().await;
    let template = json(200, &fixture("accounts.v2.get.200.expired.ASSUMED.json"));
    Mock::given(path(format!("/v2/accounts/{ID}")))
        .respond_with(template)
        .mount(&server)
        .await;
    let options = ClientOptions {
        api_version: ApiVersion::V2,
        ..options(&format!("{}/", server.uri()))
    };
    let lookup = Client::new(options)
        .unwrap()
        .account(&AccountId::try_from(ID).unwrap())
        .await;
    let account = found(lookup.unwrap());
    assert_eq!(
        (
            account.snapshot.provider.as_str(),
            account.snapshot.origin_owner_id.as_str()
        ),
        ("bamboohr", "tenant_8f41c2")
    );
}

#[tokio::test]
async fn only_stackones_own_404_means_that_there_is_no_account() {
    let lookup = answer(json(404, &fixture("accounts.get.404.json")))
        .await
        .unwrap();
    assert_eq!(lookup, Lookup::NotFound);
    for body in [
        "<html>not found</html>",
        "{}",
        "",
        r#"{"message":"Not Found"}"#,
        r#"{"statusCode":404}"#,
        r#"{"statusCode":"404","message":"Not Found"}"#,
        r#"{"statusCode":403,"message":"x"}"#,
    ] {
        assert!(
            matches!(error(json(404, body)).await, ApiError::Unavailable { .. }),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_refused_key_is_told_apart_from_a_refused_request() {
    assert!(matches!(
        error(json(401, "{}")).await,
        ApiError::Refused { status: 401 }
    ));
    assert!(matches!(
        error(ResponseTemplate::new(403)).await,
        ApiError::Refused { status: 403 }
    ));
    for status in [400, 409, 410, 412, 414, 422, 451] {
        let rejected = error(json(status, "{}")).await;
        assert!(
            matches!(rejected, ApiError::Rejected { status: seen } if seen == status),
            "{status}: {rejected:?}"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long() {
    let template = json(429, &fixture("accounts.get.429.json"));
    assert!(matches!(
        error(template.clone()).await,
        ApiError::RateLimited { retry_after: None }
    ));
    let minute = error(template.insert_header("retry-after", "60")).await;
    assert!(
        matches!(minute, ApiError::RateLimited { retry_after: Some(wait) } if wait == Duration::from_secs(60))
    );
}

#[tokio::test]
async fn a_failure_of_the_api_that_may_pass_is_unavailable() {
    for status in [202, 204, 206, 304, 408, 500, 501, 502, 503, 504] {
        assert!(
            matches!(
                error(ResponseTemplate::new(status)).await,
                ApiError::Unavailable { .. }
            ),
            "{status}"
        );
    }
    let slow = json(200, "{}").set_delay(Duration::from_secs(60));
    let slow = answer_to(impatient, slow).await.unwrap_err();
    assert!(matches!(slow, ApiError::Unavailable { reason, .. } if reason == "timeout"));
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_the_error_names_no_account() {
    let client = Client::new(options("http://127.0.0.1:1")).unwrap();
    let error = client
        .account(&AccountId::try_from(ID).unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, ApiError::Unavailable { .. }));
    assert!(!format!("{error:?}").contains(ID));
}

#[tokio::test]
async fn an_answer_that_is_garbage_is_unreadable() {
    let other = fixture("accounts.get.200.active.json").replace(ID, "someone-else");
    let huge = "x".repeat(5 * 1024 * 1024);
    for body in ["", "[]", "{\"id\":", "<html></html>", &other, &huge] {
        assert!(matches!(
            error(json(200, body)).await,
            ApiError::Unreadable { .. }
        ));
    }
}

#[tokio::test]
async fn a_probe_asks_for_one_account() {
    let server = MockServer::start().await;
    let page = Mock::given(path("/accounts")).and(query_param("page_size", "1"));
    page.respond_with(json(200, "[]"))
        .expect(1)
        .mount(&server)
        .await;
    Client::new(options(&server.uri()))
        .unwrap()
        .probe()
        .await
        .unwrap();
}

#[test]
fn an_account_id_that_would_change_path_or_query_is_refused() {
    for id in [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "a/",
        "a?b",
        "a#b",
        "a&b",
        "a%2fb",
        "a b",
        "a\n",
        "a:b",
        "a@b",
        "ä",
        "\u{202e}a",
    ] {
        assert!(AccountId::try_from(id).is_err(), "{id:?}");
    }
}

#[test]
fn a_key_never_crosses_the_network_in_the_clear() {
    let refused = Client::new(options("http://api.example.com"));
    assert!(matches!(refused, Err(StartError::BaseUrl(_))));
    assert!(Client::new(options("https://api.example.com")).is_ok());
}

#[tokio::test]
async fn a_replaced_key_is_used_from_the_next_request_on_and_shown_by_no_debug_output() {
    let server = MockServer::start().await;
    let of_key = |key: &str| Mock::given(method("GET")).and(basic_auth(key, ""));
    of_key("v1.eu1.test")
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    of_key("v1.eu1.new")
        .respond_with(json(200, "[]"))
        .mount(&server)
        .await;
    let client = Client::new(options(&server.uri())).unwrap();
    let (refused, used) = (client.probe().await, client.key_generation());
    assert!(matches!(refused, Err(ApiError::Refused { status: 401 })));
    let clone = client.clone();
    assert!(!clone.replace_key("v1.eu1.test".to_owned().into()));
    assert_eq!(client.key_generation(), used, "it is the same");
    assert!(clone.replace_key("v1.eu1.new".to_owned().into()));
    client.key_replaced(used).await;
    client.probe().await.unwrap();
    assert!(!format!("{client:?}").contains("v1.eu1"));
}
