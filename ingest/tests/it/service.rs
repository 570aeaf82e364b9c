//! The service, started as `main` starts it, on free ports.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response};
use stackone_ingest::config::Settings;
use stackone_ingest::{Application, Config, RunError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::sign::{SECRET, signature};

/// A running service.
pub(crate) struct Service {
    pub(crate) client: Client,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) stop: CancellationToken,
    running: JoinSet<Result<(), RunError>>,
}

/// Gives a busy machine time: a client that is slow to say its first byte is none that says
/// nothing, and a broker that shares the processor with it is none that is silent. A test of a
/// deadline sets it.
pub(crate) fn patient(settings: &mut Settings) {
    settings.server.header_deadline = Duration::from_secs(180);
    settings.publish.ack_deadline = Duration::from_secs(60);
    settings.publish.stall_after = Duration::from_secs(60);
    settings.shutdown.deadline = Duration::from_secs(80);
}

/// The settings of a test: slow to give up, quick to come back.
pub(crate) fn config(broker: &str, change: impl FnOnce(&mut Settings)) -> Config {
    config_with(broker, &[], change)
}

/// The same with more in the environment.
pub(crate) fn config_with(
    broker: &str,
    more: &[(&str, String)],
    change: impl FnOnce(&mut Settings),
) -> Config {
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__SERVER__LISTEN", "127.0.0.1:0"),
        ("INGEST__SERVER__WORKERS", "1"),
        ("INGEST__ADMIN__LISTEN", "127.0.0.1:0"),
        ("INGEST__KAFKA__BOOTSTRAP_SERVERS", broker),
        ("INGEST__SHUTDOWN__DRAIN_DELAY", "0s"),
    ];
    let mut environment: HashMap<_, _> = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let more = more.iter();
    environment.extend(more.map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut config = Config::load(None, &environment).unwrap();
    let backoff = ("reconnect.backoff.max.ms".to_owned(), "200".to_owned());
    config.settings.kafka.properties.extend([backoff]);
    patient(&mut config.settings);
    change(&mut config.settings);
    assert_eq!(config.settings.problems(), Vec::<String>::new());
    config
}

/// An HTTP client with connections of its own.
pub(crate) fn client() -> Client {
    client_builder().build().unwrap()
}

/// The making of such a client.
pub(crate) fn client_builder() -> ClientBuilder {
    // Even a client that speaks plain HTTP only wants a provider. One per process is enough,
    // whoever installs it.
    let _already = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

impl Service {
    /// A service that is ready.
    pub(crate) async fn ready(broker: &Broker) -> Self {
        Self::ready_with(broker, |_| {}).await
    }

    /// A service with other settings that is ready.
    pub(crate) async fn ready_with(broker: &Broker, change: impl FnOnce(&mut Settings)) -> Self {
        let service = Self::start(broker, change);
        service.becomes_ready().await;
        service
    }

    /// A service that may not be ready yet.
    pub(crate) fn start(broker: &Broker, change: impl FnOnce(&mut Settings)) -> Self {
        let mut config = config(&broker.address(), change);
        config.settings.topics = broker.topics.clone();
        Self::run(&config)
    }

    /// A service with this configuration.
    pub(crate) fn run(config: &Config) -> Self {
        let application = Application::build(config).unwrap();
        let stop = CancellationToken::new();
        let (public, admin) = (application.public_addr(), application.admin_addr());
        let mut running = JoinSet::new();
        running.spawn(application.run(stop.clone()));
        Self {
            client: client(),
            public,
            admin,
            stop,
            running,
        }
    }

    pub(crate) async fn becomes_ready(&self) {
        eventually("ready", async || {
            let answer = self.ask("/readyz").await;
            (answer.status() == 200).then_some(())
        })
        .await;
    }

    pub(crate) fn url(&self, source: &str) -> String {
        format!("http://{}/webhooks/stackone/{source}", self.public)
    }

    /// Posts a webhook signed as StackOne does.
    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        let signature = signature(SECRET, &body);
        self.post_signed("default", body, &signature).await
    }

    pub(crate) async fn post_signed(
        &self,
        source: &str,
        body: Vec<u8>,
        signature: &str,
    ) -> Response {
        let request = self.client.post(self.url(source)).body(body);
        let request = request.header("x-stackone-signature", signature);
        request.send().await.unwrap()
    }

    /// Asks the operators' listener.
    pub(crate) async fn ask(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.admin);
        self.client.get(url).send().await.unwrap()
    }

    /// The value of one line of `/metrics`.
    pub(crate) async fn metric(&self, line: &str) -> Option<f64> {
        let text = self.ask("/metrics").await.text().await.unwrap();
        let mut lines = text.lines();
        lines.find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
    }

    /// How many requests had this outcome.
    pub(crate) async fn counted(&self, source: &str, outcome: &str) -> f64 {
        let labels = format!("{{outcome=\"{outcome}\",source=\"{source}\"}}");
        let line = format!("stackone_ingest_webhooks_total{labels}");
        self.metric(&line).await.unwrap_or(0.0)
    }

    /// Waits for the end of a service that was told to stop.
    pub(crate) async fn stopped(mut self) -> Result<(), RunError> {
        self.running.join_next().await.unwrap().unwrap()
    }
}
