//! The service, started as `main` starts it, on free ports.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use stackone_connect::config::Settings;
use stackone_connect::{Application, Config, RunError};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wiremock::MockServer;

use crate::answer::Answer;
use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::{Host, ISSUER};
use crate::stackone::KEY;

pub(crate) const SERVICE_TOKEN: &str = "hush-service-token-0123456789abcdef";
pub(crate) const TOKEN_KEY: &str = "hush-token-key-0123456789abcdef0123";
/// For how long a replica waits to read a session that it does not know yet.
const UNREAD: Duration = Duration::from_secs(1);

/// A running replica.
pub(crate) struct Service {
    pub(crate) client: Client,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) stop: CancellationToken,
    running: JoinSet<Result<(), RunError>>,
    /// Secrets are read again.
    pub(crate) folder: TempDir,
}

/// The configuration of a test: a service token, and a host whose key set is a file.
pub(crate) fn config(
    broker: &Broker,
    stackone: &MockServer,
    host: &Host,
    change: impl FnOnce(&mut Settings),
) -> (Config, TempDir) {
    config_with(broker, stackone, host, &[], change)
}

/// The same, with more of an environment.
pub(crate) fn config_with(
    broker: &Broker,
    stackone: &MockServer,
    host: &Host,
    more: &[(&str, &str)],
    change: impl FnOnce(&mut Settings),
) -> (Config, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let token = file("service-token", SERVICE_TOKEN);
    let jwks = file("jwks.json", &host.jwks().to_string());
    let text = format!(
        "[[service_tokens]]\nname = 'backend'\nfile = '{token}'\n\
         [[issuers]]\nissuer = '{ISSUER}'\naudience = 'stackone-connect'\njwks_file = '{jwks}'\n\
         [[projects]]\nid = 'acme-1'\nbase_url = '{}'\napi_key_env = 'STACKONE_CONNECT_API_KEY'\n",
        stackone.uri()
    );
    let path = file("connect.toml", &text);
    let environment = [
        ("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY),
        ("STACKONE_CONNECT_API_KEY", KEY),
        ("CONNECT__SERVER__LISTEN", "127.0.0.1:0"),
        ("CONNECT__SERVER__WORKERS", "1"),
        ("CONNECT__ADMIN__LISTEN", "127.0.0.1:0"),
        ("CONNECT__KAFKA__BOOTSTRAP_SERVERS", &broker.address()),
        // On a busy machine the broker, reading back, StackOne's stand-in and a client's first byte
        // take a while. A test of a deadline sets it.
        ("CONNECT__KAFKA__ACK_DEADLINE", "60s"),
        ("CONNECT__SESSIONS__READ_BACK_DEADLINE", "60s"),
        ("CONNECT__STACKONE__TIMEOUT", "60s"),
        ("CONNECT__SERVER__HEADER_DEADLINE", "3m"),
        ("CONNECT__SHUTDOWN__DRAIN_DELAY", "0s"),
    ];
    let environment: HashMap<_, _> = environment
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut config = Config::load(Some(path.as_ref()), &environment).unwrap();
    config.settings.topics = broker.topics.clone();
    let quick = [
        ("reconnect.backoff.max.ms", "200"),
        ("fetch.wait.max.ms", "20"),
    ];
    let quick = quick.map(|(name, value)| (name.to_owned(), value.to_owned()));
    config.settings.kafka.properties.extend(quick);
    change(&mut config.settings);
    assert_eq!(config.settings.problems(), Vec::<String>::new());
    (config, folder)
}

impl Service {
    /// A replica that is ready.
    pub(crate) async fn ready(broker: &Broker, stackone: &MockServer) -> Self {
        Self::ready_with(broker, stackone, |_| {}).await
    }

    /// A replica with other settings that is ready.
    pub(crate) async fn ready_with(
        broker: &Broker,
        stackone: &MockServer,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let (config, folder) = config(broker, stackone, &Host::new("k1", 1), change);
        let service = Self::run(&config, folder);
        service.becomes_ready().await;
        service
    }

    pub(crate) fn run(config: &Config, folder: TempDir) -> Self {
        let application = Application::build(config).unwrap();
        let stop = CancellationToken::new();
        let (public, admin) = (application.public_addr(), application.admin_addr());
        let mut running = JoinSet::new();
        running.spawn(application.run(stop.clone()));
        let _already = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            public,
            admin,
            stop,
            running,
            folder,
        }
    }

    pub(crate) async fn becomes_ready(&self) {
        eventually("ready", async || {
            (self.admin("/readyz").await.status() == 200).then_some(())
        })
        .await;
    }

    pub(crate) fn request(&self, method: Method, path: &str, bearer: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.public);
        self.client.request(method, url).bearer_auth(bearer)
    }

    /// Sends it to the public listener, and holds the answer against the document.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, url) = (request.method().clone(), request.url().clone());
        let response = self.client.execute(request).await.unwrap();
        Answer::read(&method, url.path(), response).await
    }

    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.send(self.request(Method::GET, path, bearer)).await
    }

    pub(crate) async fn post(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path, bearer).json(body);
        self.send(request).await
    }

    /// Makes a session for tenant `t1`; what the service answers.
    pub(crate) async fn create(&self, more: Value) -> Value {
        let answer = self.try_create(more, None).await;
        let status = answer.status();
        let body: Value = answer.json();
        assert_eq!(status, 201, "{body}");
        body
    }

    pub(crate) async fn try_create(&self, more: Value, key: Option<&str>) -> Answer {
        let mut body = json!({
            "tenant": { "id": "t1", "name": "Acme" }, "channel": "hub", "provider": "bamboohr",
        });
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        let request = self
            .request(Method::POST, "/v1/link-sessions", SERVICE_TOKEN)
            .json(&body);
        let request = key.into_iter().fold(request, |request, key| {
            request.header("idempotency-key", key)
        });
        self.send(request).await
    }

    /// The session as its client token sees it.
    pub(crate) async fn session(&self, made: &Value) -> Value {
        let answer = self.get(&path(made, ""), text(made, "client_token")).await;
        assert_eq!(answer.status(), 200);
        answer.json()
    }

    /// Waits until this replica has read a session that another one has made. Its token is right,
    /// so each answer is the session, or was waited for.
    pub(crate) async fn reads(&self, made: &Value) -> Value {
        eventually("read", async || {
            let asked = Instant::now();
            let answer = self.get(&path(made, ""), text(made, "client_token")).await;
            if answer.status() == 404 {
                assert!(asked.elapsed() >= UNREAD, "{:?}", asked.elapsed());
                return None;
            }
            assert_eq!(answer.status(), 200);
            Some(answer.json())
        })
        .await
    }

    /// Calls one of the session's routes with its client token; the status.
    pub(crate) async fn call(&self, made: &Value, route: &str, body: &Value) -> u16 {
        let answer = self
            .post(&path(made, route), text(made, "client_token"), body)
            .await;
        answer.status().as_u16()
    }

    /// Waits until the session stands so; what it says then.
    pub(crate) async fn becomes(&self, made: &Value, state: &str) -> Value {
        eventually(state, async || {
            let session = self.session(made).await;
            (session["state"] == state).then_some(session)
        })
        .await
    }

    /// Asks the operators' listener.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.admin);
        self.send(self.client.get(url)).await
    }

    /// The value of one line of `/metrics`.
    pub(crate) async fn metric(&self, line: &str) -> Option<f64> {
        let text = self.admin("/metrics").await.text();
        let mut lines = text.lines();
        lines.find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits for the end of a service that was told to stop.
    pub(crate) async fn stopped(mut self) -> Result<(), RunError> {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap()
    }
}

/// The path of one of a session's routes.
pub(crate) fn path(made: &Value, route: &str) -> String {
    format!("/v1/link-sessions/{}{route}", text(made, "id"))
}

pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} of {value}"))
}
