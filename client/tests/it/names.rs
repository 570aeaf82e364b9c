//! An account that is shown under the names of both API versions at once.

use std::io::Write;
use std::sync::{Arc, Mutex};

use stackone_client::{ApiVersion, Client, ClientOptions};
use stackone_link_schemas::AccountId;
use tracing::subscriber::set_default;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::{found, json, options};

/// What is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The provider that version `api_version` takes of `account`, and what is logged when it is asked
/// for twice, alone and in a batch.
async fn asked(api_version: ApiVersion, account: &str) -> (String, String) {
    let server = MockServer::start().await;
    let list = Mock::given(wiremock::matchers::query_param("page_size", "1"));
    list.respond_with(json(200, &format!("[{account}]")))
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(json(200, account))
        .mount(&server)
        .await;
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || lines.clone());
    let _logging = set_default(subscriber.with_ansi(false).finish());
    let client = Client::new(ClientOptions {
        api_version,
        ..options(&server.uri())
    });
    let (client, id) = (client.unwrap(), AccountId::try_from("a").unwrap());
    let first = found(client.account(&id).await.unwrap());
    let again = found(client.clone().account(&id).await.unwrap());
    let batch = client.batch(std::slice::from_ref(&id)).await.unwrap();
    assert_eq!((&first, &first), (&again, &batch[0].1));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (first.snapshot.provider, log)
}

#[tokio::test]
async fn where_two_names_differ_that_of_the_configured_version_is_taken_and_it_is_said_once() {
    let both = r#"{"id":"a","status":"active","provider":"old","connector":"new","owner_id":"o"}"#;
    let (provider, log) = asked(ApiVersion::V1, both).await;
    assert_eq!(provider, "old");
    assert_eq!(log.matches("they differ").count(), 1, "{log}");
    assert!(!log.contains("old"), "no value is logged: {log}");
    assert_eq!(asked(ApiVersion::V2, both).await.0, "new");
    let alike = both.replace("old", "new");
    let (provider, log) = asked(ApiVersion::V1, &alike).await;
    assert_eq!((provider.as_str(), log.as_str()), ("new", ""));
}
