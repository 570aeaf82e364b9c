//! Nothing secret is on the topic, in the metrics, in a URL or in the log.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use stackone_link_wire::Topic;
use wiremock::MockServer;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, TOKEN_KEY, config, text};
use crate::stackone::{KEY, TOKEN, stackone};

/// The URLs that StackOne was asked with, one for making a session and one for deleting an account.
async fn urls(stackone: &MockServer) -> String {
    let requests = stackone.received_requests().await.unwrap();
    let urls: Vec<_> = requests
        .iter()
        .map(|request| request.url.as_str())
        .collect();
    assert_eq!(urls.len(), 2);
    urls.join(" ")
}

#[tokio::test]
async fn nothing_on_the_topics_of_connect_lets_anybody_in() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.sessions.include_user_name = false;
    })
    .await;
    let tenant = json!({"id": "t1", "name": "Acme", "user_name": "dana@acme.example"});
    let made = service
        .create(json!({"channel": "link", "tenant": tenant}))
        .await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    broker.confirms("mine", "t1", 1, "active").await;
    eventually("disconnected", async || {
        let account = "/v1/accounts/mine?tenant=t1";
        let deletion = service.request(Method::DELETE, account, SERVICE_TOKEN);
        (service.send(deletion).await.status() == 202).then_some(())
    })
    .await;
    let facts = broker.read(Topic::LinkSessions, 2).await;
    let topic: String = facts
        .iter()
        .map(|(key, fact, _)| format!("{key} {fact}"))
        .collect();
    let metrics = service.admin("/metrics").await.text();
    let urls = urls(&stackone).await;
    let link_secret = text(&made, "link_url").split_once('#').unwrap().1;
    let secrets = [
        SERVICE_TOKEN,
        TOKEN_KEY,
        KEY,
        TOKEN,
        link_secret,
        text(&made, "client_token"),
    ];
    for secret in secrets.into_iter().chain(["dana@acme.example"]) {
        assert!(!topic.contains(secret), "{secret} is on the topic");
        assert!(!metrics.contains(secret), "{secret} is in the metrics");
        assert!(!urls.contains(secret), "{secret} is in a URL");
    }
    for personal in ["Acme", "t1", text(&made, "id")] {
        assert!(
            !metrics.contains(&format!("\"{personal}\"")),
            "{personal} is a label"
        );
    }
}

/// The program; it ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The program, with everything that it logs in a file.
fn logging(file: &Path, settings: &Path) -> Program {
    let running = Command::new(env!("CARGO_BIN_EXE_stackone-connect"))
        .arg("--config")
        .arg(settings)
        .env("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY)
        .env("STACKONE_CONNECT_API_KEY", KEY)
        .env("CONNECT__TELEMETRY__FILTER", "trace")
        .env("CONNECT__TELEMETRY__FORMAT", "json")
        .stderr(std::fs::File::create(file).unwrap())
        .stdout(Stdio::null())
        .spawn();
    Program(running.unwrap())
}

/// Its public and its operators' address, as it logs them.
async fn addresses(log: &Path) -> [SocketAddr; 2] {
    eventually("serving", async || {
        let said = std::fs::read_to_string(log).unwrap();
        let mut lines = said
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let serving: Value = lines.find(|line: &Value| line["message"] == "serving")?;
        let address = |name: &str| text(&serving, name).parse().unwrap();
        Some([address("public"), address("admin")])
    })
    .await
}

/// Asks, and reads the answer, whatever it is; of an event stream the beginning.
async fn ask(at: SocketAddr, (method, path): (Method, &str), bearer: &str, body: &Value) -> Value {
    let url = format!("http://{at}{path}");
    let request = Client::new().request(method, url).bearer_auth(bearer);
    let mut response = request.json(body).send().await.unwrap();
    match path.ends_with("/events") {
        true => drop(response.chunk().await.unwrap()),
        false => return response.json().await.unwrap_or_default(),
    }
    Value::Null
}

#[tokio::test]
async fn nothing_that_connect_logs_at_trace_level_lets_anybody_in_or_names_anybody() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let host = Host::new("k1", 1);
    let origin = "https://app.example.com";
    let (config, folder) = config(&broker, &stackone, &host, |settings| {
        settings.sessions.return_origins = vec![origin.parse().unwrap()];
    });
    let [log, settings] = ["log", "all.toml"].map(|name| folder.path().join(name));
    std::fs::write(&settings, config.to_toml().unwrap()).unwrap();
    let running = logging(&log, &settings);
    let [public, admin] = addresses(&log).await;
    eventually("ready", async || {
        let ready = Client::new().get(format!("http://{admin}/readyz")).send();
        (ready.await.ok()?.status() == 200).then_some(())
    })
    .await;
    let return_url = format!("{origin}/canary-return");
    let new = json!({
        "channel": "link", "label": "canary-label", "return_url": return_url,
        "tenant": {"id": "t1", "name": "Canary Ltd", "user_name": "dana.canary@acme.example"},
    });
    let sessions = "/v1/link-sessions";
    let made = ask(public, (Method::POST, sessions), SERVICE_TOKEN, &new).await;
    let jwt = host.token("t1", json!({"user_name": "dana.canary@acme.example"}));
    let refused = Host::new("k1", 2).token("t1", json!({}));
    let link_secret = text(&made, "link_url").split_once('#').unwrap().1;
    let client_token = text(&made, "client_token");
    let hint = json!({"account_id": "a", "provider": "canary-provider"});
    for (method, route, bearer) in [
        (Method::POST, "/open", link_secret),
        (Method::POST, "/token", client_token),
        (Method::POST, "/linked", client_token),
        (Method::GET, "/events", client_token),
        (Method::GET, "", jwt.as_str()),
        (Method::GET, "", refused.as_str()),
        (Method::POST, "/token", link_secret),
        (Method::POST, "/cancel", link_secret),
    ] {
        let path = format!("{sessions}/{}{route}", text(&made, "id"));
        ask(public, (method, &path), bearer, &hint).await;
    }
    let listed = "/v1/accounts?tenant=canary-query";
    ask(public, (Method::GET, listed), SERVICE_TOKEN, &json!({})).await;
    let said = eventually("all of it is logged", async || {
        let said = std::fs::read_to_string(&log).unwrap();
        let refused = said.contains("JWT refused");
        (refused && said.contains("\"level\":\"TRACE\"")).then_some(said)
    })
    .await;
    drop(running);
    let tokens = [SERVICE_TOKEN, TOKEN_KEY, KEY, TOKEN];
    let made = [link_secret, client_token, jwt.as_str(), refused.as_str()];
    let signatures = [&jwt, &refused].map(|token| token.rsplit_once('.').unwrap().1);
    let personal = ["dana.canary", "Canary Ltd", "canary-label", "canary-return"];
    let all = tokens.into_iter().chain(made).chain(signatures);
    for secret in all.chain(personal).chain(["canary-query"]) {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
