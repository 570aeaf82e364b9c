//! Redirects are never followed: the API key would go where somebody else says.

use stackone_client::{ApiError, Client};
use stackone_link_schemas::AccountId;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{ID, fixture, json, options};

#[tokio::test]
async fn a_redirect_is_not_followed_whatever_its_status() {
    for status in [301, 302, 303, 307, 308] {
        let (server, target) = (MockServer::start().await, MockServer::start().await);
        let nobody_comes =
            Mock::given(any()).respond_with(json(200, &fixture("accounts.get.200.active.json")));
        nobody_comes
            .expect(0)
            .named(format!("what a {status} leads to"))
            .mount(&target)
            .await;
        let location = format!("{}/accounts/{ID}", target.uri());
        Mock::given(path(format!("/accounts/{ID}")))
            .respond_with(ResponseTemplate::new(status).insert_header("location", location))
            .expect(1)
            .mount(&server)
            .await;
        let client = Client::new(options(&server.uri())).unwrap();
        let told = client.account(&AccountId::try_from(ID).unwrap()).await;
        let reason = format!("status {status}");
        assert!(
            matches!(&told, Err(ApiError::Unavailable { reason: seen, .. }) if *seen == reason),
            "{status}: {told:?}"
        );
    }
}
