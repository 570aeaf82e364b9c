//! `doctor`: what it sees of everything that connect depends on.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use stackone_connect::config::Settings;
use stackone_connect::doctor::{self, Doctor};
use stackone_connect::{Application, Config};
use stackone_link_wire::Topics;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::broker::Broker;
use crate::eventually::PATIENCE;
use crate::host::{Host, ISSUER};
use crate::pages::hub;
use crate::service::TOKEN_KEY;
use crate::stackone::{KEY, answering, asked, stackone};
use crate::tls::certify_for;

/// A project, and an issuer whose key set is at StackOne's address, which saves a server.
fn config(broker: &Broker, stackone: &MockServer, change: impl FnOnce(&mut Settings)) -> Config {
    config_with(broker, stackone, &[], change)
}

/// The same, with more of an environment.
fn config_with(
    broker: &Broker,
    stackone: &MockServer,
    more: &[(&str, &str)],
    change: impl FnOnce(&mut Settings),
) -> Config {
    let mut text = String::new();
    let uri = stackone.uri();
    let jwks = format!("issuer = '{ISSUER}'\naudience = 'a'\njwks_url = '{uri}/jwks'");
    let project = format!("base_url = '{uri}'\napi_key_env = 'STACKONE_CONNECT_API_KEY'");
    write!(text, "[[issuers]]\n{jwks}\n[[projects]]\n{project}\n").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let environment = [
        ("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY),
        ("STACKONE_CONNECT_API_KEY", KEY),
        ("CONNECT__KAFKA__BOOTSTRAP_SERVERS", &broker.address()),
    ];
    let pairs = environment.iter().chain(more);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut config = Config::load(Some(file.path()), &pairs.collect()).unwrap();
    config.settings.topics = broker.topics.clone();
    change(&mut config.settings);
    config
}

/// Whether all is well, and the verdict and words of each check, in their order.
async fn examined(config: &Config) -> (bool, Vec<(String, String, String)>) {
    let mut out = Vec::new();
    let asked = Doctor {
        json: true,
        timeout: PATIENCE,
    };
    let ended = doctor::run(config, &asked, &mut out).await;
    let report: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(report["ok"], ended.is_ok());
    let found = report["findings"].as_array().unwrap().iter().map(|found| {
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        (text("check"), text("verdict"), text("says"))
    });
    (ended.is_ok(), found.collect())
}

fn verdict<'f>(found: &'f [(String, String, String)], check: &str) -> (&'f str, &'f str) {
    let found = found.iter().find(|(name, _, _)| name == check);
    let (_, verdict, says) = found.unwrap_or_else(|| panic!("nothing about {check}"));
    (verdict, says)
}

#[tokio::test]
async fn the_doctor_finds_all_well_and_makes_one_session_that_nobody_uses() {
    let (broker, stackone, folder) = (Broker::new(), stackone().await, hub());
    let keys = ResponseTemplate::new(200).set_body_json(Host::new("k1", 1).jwks());
    let keys = Mock::given(path("/jwks")).respond_with(keys);
    keys.mount(&stackone).await;
    let config = config(&broker, &stackone, |settings| {
        settings.hub.folder = Some(folder.path().to_owned());
        settings.server.max_connections = 100;
    });
    let (is_well, found) = examined(&config).await;
    assert!(is_well, "{found:?}");
    assert!(found.iter().all(|(check, _, _)| check != "certificate"));
    for (check, says) in [
        ("configuration", "http://127.0.0.1:8084"),
        ("connections", "room for 100 at once"),
        ("topics", "it.link.sessions"),
        ("hub", "version 1.2.3, 5 bytes, abc.js"),
        ("jwks", "1 usable"),
        ("api", "may write connect sessions"),
        ("clock", "within 30 s"),
    ] {
        let (verdict, said) = verdict(&found, check);
        assert_eq!(verdict, "fine", "{check}: {said}");
        assert!(said.contains(says), "{said}");
    }
    let asked = asked(&stackone).await;
    let sessions: Vec<_> = asked.iter().filter(|body| body.is_object()).collect();
    let owner = "stackone-connect-doctor";
    let expected =
        json!({ "origin_owner_id": owner, "origin_owner_name": owner, "expires_in": 60 });
    assert_eq!(sessions, [&expected]);
}

#[tokio::test]
async fn the_doctor_tells_everything_that_is_wrong_at_once() {
    let refusing = answering(ResponseTemplate::new(403)).await;
    let (broker, folder) = (Broker::new(), hub());
    alter(folder.path());
    let config = config(&broker, &refusing, |settings| {
        settings.hub.folder = Some(folder.path().to_owned());
        settings.topics = Topics::with_prefix("other");
        settings.server.max_connections = usize::MAX;
    });
    let (is_well, found) = examined(&config).await;
    assert!(!is_well);
    for (check, says) in [
        ("topics", "other.link.sessions"),
        ("hub", "abc.js is not what the integrity"),
        ("jwks", "answered with status 403"),
        ("api", "refused with 403"),
    ] {
        let all: Vec<_> = found.iter().filter(|(name, _, _)| name == check).collect();
        assert!(
            all.iter().all(|(_, verdict, _)| verdict == "wrong"),
            "{all:?}"
        );
        let is_said = all.iter().any(|(_, _, said)| said.contains(says));
        assert!(is_said, "{check}: {all:?}");
    }
    // Connect runs all the same.
    let (verdict, said) = verdict(&found, "connections");
    assert_eq!(verdict, "fine");
    assert!(said.ends_with("are allowed here: it takes fewer"), "{said}");
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_wrong_before_it_ends() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let tls = [
        ("CONNECT__SERVER__TLS__CERTIFICATE_FILE", &*certificate),
        ("CONNECT__SERVER__TLS__PRIVATE_KEY_FILE", &*key),
    ];
    for (lasts, expected) in [
        (Duration::from_hours(24), "wrong"),
        (Duration::from_hours(1000), "fine"),
    ] {
        certify_for(folder.path(), SystemTime::now() + lasts);
        let config = config_with(&broker, &stackone, &tls, |_| {});
        let (_, found) = examined(&config).await;
        let (verdict, says) = verdict(&found, "certificate");
        assert_eq!(verdict, expected, "{says}");
        assert!(says.starts_with("valid until "), "{says}");
    }
}

#[tokio::test]
async fn a_hub_that_browsers_would_refuse_is_no_start() {
    let (broker, stackone, folder) = (Broker::new(), stackone().await, hub());
    alter(folder.path());
    let config = config(&broker, &stackone, |settings| {
        settings.hub.folder = Some(folder.path().to_owned());
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        settings.admin.listen = "127.0.0.1:0".parse().unwrap();
    });
    let error = Application::build(&config).err().unwrap();
    assert!(error.to_string().contains("integrity"), "{error}");
}

fn alter(folder: &Path) {
    std::fs::write(folder.join("abc.js"), "other").unwrap();
}
