//! The bounded fetch: where it goes, how long, how much, and what it says otherwise.

use std::time::Duration;

use stackone_client::{BoundedFetch, FetchError, MAX_DOCUMENT, StartError};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::json;

async fn fetched(template: ResponseTemplate) -> Result<Vec<u8>, FetchError> {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/jwks.json"))
        .respond_with(template)
        .expect(1)
        .mount(&server)
        .await;
    let url = format!("{}/jwks.json", server.uri()).parse().unwrap();
    BoundedFetch::new(url).unwrap().fetch().await
}

#[tokio::test]
async fn a_document_is_fetched_up_to_its_limit_without_credentials() {
    let keys = r#"{"keys":[]}"#;
    assert_eq!(fetched(json(200, keys)).await.unwrap(), keys.as_bytes());
    let longest = "x".repeat(MAX_DOCUMENT);
    let length = fetched(json(200, &longest)).await.unwrap().len();
    assert_eq!(length, MAX_DOCUMENT);
    let longer = fetched(json(200, &(longest + "x"))).await;
    assert!(matches!(longer, Err(FetchError::Unreadable { .. })));
}

#[tokio::test]
async fn an_answer_that_is_no_document_is_sorted_by_what_the_caller_will_do() {
    for status in [408, 429, 500, 502, 503] {
        let told = fetched(ResponseTemplate::new(status)).await;
        assert!(
            matches!(told, Err(FetchError::Unavailable { .. })),
            "{status}"
        );
    }
    for status in [204, 206, 304, 400, 401, 403, 404, 410] {
        let told = fetched(ResponseTemplate::new(status)).await;
        assert!(matches!(told, Err(FetchError::Rejected { status: seen }) if seen == status));
    }
    let slow = fetched(json(200, "{}").set_delay(Duration::from_secs(30))).await;
    assert!(matches!(slow, Err(FetchError::Unavailable { reason, .. }) if reason == "timeout"));
    let nobody = BoundedFetch::new("http://127.0.0.1:1/".parse().unwrap()).unwrap();
    let told = nobody.fetch().await;
    assert!(
        matches!(told, Err(FetchError::Unavailable { reason, .. }) if reason == "connection failed")
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = MockServer::start().await;
    let nobody_comes = Mock::given(any()).respond_with(json(200, "{}"));
    nobody_comes.expect(0).mount(&target).await;
    for status in [301, 302, 307, 308] {
        let template = ResponseTemplate::new(status).insert_header("location", target.uri());
        let told = fetched(template).await;
        assert!(matches!(told, Err(FetchError::Rejected { status: seen }) if seen == status));
    }
}

#[test]
fn only_https_is_gone_to_and_plain_http_to_loopback() {
    for url in [
        "http://keys.example.com/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1.example.com/",
    ] {
        let refused = BoundedFetch::new(url.parse().unwrap());
        assert!(matches!(refused, Err(StartError::NotHttps(_))), "{url}");
    }
    for url in [
        "https://keys.example.com/",
        "http://localhost/",
        "http://[::1]/",
    ] {
        assert!(BoundedFetch::new(url.parse().unwrap()).is_ok(), "{url}");
    }
}
