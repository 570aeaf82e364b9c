//! What every test stands on: a simulator on free ports, a client of its accounts API, and somebody
//! who receives webhooks.

use std::future::Future;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use stackone_simulator::{
    ProjectConfig, Simulator, SimulatorConfig, WebhookTarget, webhook_client,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const PROJECT: &str = "acme";
pub(crate) const KEY: &str = "v1.eu1.test-key";
pub(crate) const SECRET: &str = "test-webhook-secret-do-not-use";

/// Nothing here takes longer unless it is broken.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) async fn within_deadline<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work)
        .await
        .expect("it did not happen in time")
}

pub(crate) fn project(id: &str, key: &str) -> ProjectConfig {
    ProjectConfig {
        id: id.to_owned(),
        api_key: key.into(),
        webhook: None,
    }
}

/// One project without a webhook.
pub(crate) fn config() -> SimulatorConfig {
    SimulatorConfig::in_process(project(PROJECT, KEY))
}

/// One project whose webhooks go to `receiver`.
pub(crate) fn config_for(receiver: &MockServer) -> SimulatorConfig {
    let mut config = config();
    config.projects[0].webhook = Some(WebhookTarget {
        url: receiver.uri().parse().unwrap(),
        secret: SECRET.into(),
    });
    config
}

pub(crate) async fn start(config: SimulatorConfig) -> Simulator {
    Simulator::start(config).await.unwrap()
}

/// Answers the first webhooks with `statuses`, and all others with 200.
pub(crate) async fn receiver(statuses: &[u16]) -> MockServer {
    let server = MockServer::start().await;
    for (position, status) in statuses.iter().enumerate() {
        Mock::given(any())
            .respond_with(ResponseTemplate::new(*status))
            .up_to_n_times(1)
            .with_priority(u8::try_from(position + 1).unwrap())
            .mount(&server)
            .await;
    }
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .with_priority(255)
        .mount(&server)
        .await;
    server
}

/// What it received, once every webhook has settled.
pub(crate) async fn received(simulator: &Simulator, receiver: &MockServer) -> Vec<Request> {
    within_deadline(simulator.settled()).await;
    receiver.received_requests().await.unwrap()
}

pub(crate) fn client() -> Client {
    webhook_client(DEADLINE).unwrap()
}

/// An authenticated GET, as a right client makes it.
pub(crate) fn request(simulator: &Simulator, path: &str) -> RequestBuilder {
    client()
        .get(format!("{}{path}", simulator.api_url()))
        .header("user-agent", "simulator-tests")
        .basic_auth(KEY, Some(""))
}

pub(crate) async fn get(simulator: &Simulator, path: &str) -> Response {
    request(simulator, path).send().await.unwrap()
}

pub(crate) async fn get_json(simulator: &Simulator, path: &str) -> serde_json::Value {
    get(simulator, path).await.json().await.unwrap()
}
