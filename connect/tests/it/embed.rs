//! `docs/embed.md`, carried out: its settings, with the Hub, start the service, and its request
//! makes a session. What it gives a page is carried out by `tests/browser/embed.test.mjs`, its
//! backends by `tests/browser/examples.test.mjs`, and its steps in a shell by
//! `tests/it/documents/in_order.rs`, which goes without the Hub.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::Value;
use stackone_connect::Config;

use crate::broker::Broker;
use crate::pages::hub;
use crate::service::{Service, TOKEN_KEY, text};
use crate::stackone::{KEY, stackone};

const PAGE: &str = include_str!("../../../docs/embed.md");
/// As `openssl rand -hex 32` writes it.
const TOKEN: &str = "8f0e6d5c4b3a29180716253443526170a1b2c3d4e5f60718293a4b5c6d7e8f90\n";

/// The blocks of code: language and text, without the indent of a list.
fn blocks() -> Vec<(&'static str, String)> {
    let parts = PAGE.split("```").skip(1).step_by(2);
    let parts = parts.map(|part| {
        let (language, text) = part.split_once('\n').unwrap();
        let lines = text
            .lines()
            .map(|line| line.strip_prefix("   ").unwrap_or(line));
        (language, lines.collect::<Vec<_>>().join("\n"))
    });
    parts.collect()
}

fn block(wanted: &str) -> String {
    let found = blocks()
        .into_iter()
        .find(|(language, _)| *language == wanted);
    found.unwrap().1
}

/// What the steps write into the file of settings: the whole of it, and then the Hub's folder.
fn settings() -> String {
    let steps = blocks()
        .into_iter()
        .filter(|(language, _)| *language == "sh");
    let steps: Vec<_> = steps.map(|(_, text)| text).collect();
    let between = |begin: &str, end: &str| {
        let after = steps.iter().find_map(|step| step.split_once(begin));
        let (text, _) = after.unwrap().1.split_once(end).unwrap();
        text.to_owned()
    };
    let whole = between("<<'TOML'\n", "\nTOML");
    whole + &between("printf '", "'").replace("\\n", "\n")
}

#[test]
fn every_block_of_code_is_carried_out_by_a_test() {
    let languages: Vec<_> = blocks().into_iter().map(|(language, _)| language).collect();
    let rest: Vec<_> = languages
        .into_iter()
        .skip_while(|one| *one == "sh")
        .collect();
    assert_eq!(rest, ["http", "html", "text"]);
}

#[tokio::test]
async fn the_settings_of_embed_md_start_connect_and_its_request_makes_a_session() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let (folder, hub) = (tempfile::tempdir().unwrap(), hub());
    let token = folder.path().join("connect-token");
    std::fs::write(&token, TOKEN).unwrap();
    let settings = settings()
        .replace("target/hub", &hub.path().display().to_string())
        .replace("target/try/connect-token", &token.display().to_string());
    let file = folder.path().join("connect.toml");
    std::fs::write(&file, settings).unwrap();
    let environment = [
        ("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY),
        ("STACKONE_API_KEY", KEY),
        ("CONNECT__SERVER__LISTEN", "127.0.0.1:0"),
        ("CONNECT__ADMIN__LISTEN", "127.0.0.1:0"),
        ("CONNECT__KAFKA__BOOTSTRAP_SERVERS", &broker.address()),
        ("CONNECT__SESSIONS__READ_BACK_DEADLINE", "30s"),
        ("CONNECT__SHUTDOWN__DRAIN_DELAY", "0s"),
    ];
    let environment: HashMap<_, _> = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut config = Config::load(Some(&file), &environment).unwrap();
    assert_eq!(config.settings.cors.origins, ["http://127.0.0.1:3000"]);
    config.settings.topics = broker.topics.clone();
    config.settings.projects[0].base_url = stackone.uri().parse().unwrap();
    let service = Service::run(&config, folder);
    service.becomes_ready().await;

    let example = block("http");
    let (head, body) = example.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    assert_eq!(method, Method::POST.as_str());
    let mut request = service
        .client
        .post(format!("http://{}{path}", service.public));
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let value = value.replace("<service token>", TOKEN.trim_end());
        let value = value.replace("<one per press, if you may send it twice>", "press-1");
        request = request.header(name, value);
    }
    let answer = service.send(request.body(body.to_owned())).await;
    assert_eq!(answer.status(), 201, "{}", answer.text());
    let made: Value = answer.json();
    let minted = service
        .post(
            &crate::service::path(&made, "/token"),
            text(&made, "client_token"),
            &Value::Null,
        )
        .await;
    assert_eq!(minted.json()["hub"]["integrity"], crate::pages::integrity());
}
