//! Several sources, each bound to its project, and secrets in files that rotate.

use std::collections::HashMap;
use std::fmt::Write as _;

use stackone_ingest::Config;
use stackone_link_wire::Topic;
use tempfile::TempDir;

use crate::broker::Broker;
use crate::service::{Service, patient};
use crate::sign::signature;

/// The folder has to stay: secrets are read again.
fn config(broker: &Broker) -> (Config, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = "[server]\nlisten = '127.0.0.1:0'\n[admin]\nlisten = '127.0.0.1:0'\n".to_owned();
    for (source, secrets) in [("us", &["old", "new"][..]), ("eu", &["only"])] {
        let entries: Vec<_> = secrets
            .iter()
            .map(|name| {
                let path = folder.path().join(format!("{source}-{name}"));
                std::fs::write(&path, format!("{source} {name}\n")).unwrap();
                format!("{{ name = '{name}', file = '{}' }}", path.display())
            })
            .collect();
        let entries = entries.join(", ");
        write!(
            file,
            "[[sources]]\nname = '{source}'\nproject_id = 'acme-{source}'\nsecrets = [{entries}]\n"
        )
        .unwrap();
    }
    let path = folder.path().join("ingest.toml");
    std::fs::write(&path, file).unwrap();
    let mut config = Config::load(Some(&path), &HashMap::new()).unwrap();
    config.settings.kafka.bootstrap_servers = broker.address();
    config.settings.topics = broker.topics.clone();
    patient(&mut config.settings);
    (config, folder)
}

fn body(project: &str) -> Vec<u8> {
    format!(r#"{{"event":"account.created","account_id":"a","project_id":"{project}"}}"#)
        .into_bytes()
}

#[tokio::test]
async fn each_source_takes_its_own_live_secrets_and_no_other() {
    let broker = Broker::with_topics();
    let (config, _folder) = config(&broker);
    let service = Service::run(&config);
    service.becomes_ready().await;
    let us = body("acme-us");
    for (source, secret, status) in [
        ("us", "us old", 200),
        ("us", "us new", 200),
        ("us", "eu only", 401),
        ("eu", "us old", 401),
        ("us", "us older", 401),
    ] {
        let answer = service
            .post_signed(source, us.clone(), &signature(secret, &us))
            .await;
        assert_eq!(answer.status(), status, "{secret} at {source}");
    }
    for secret in ["old", "new"] {
        let line =
            format!("stackone_ingest_secret_matches_total{{secret=\"{secret}\",source=\"us\"}}");
        assert_eq!(service.metric(&line).await, Some(1.0), "{secret}");
    }
}

#[tokio::test]
async fn the_holder_of_one_projects_secret_cannot_speak_for_another() {
    let broker = Broker::with_topics();
    let (config, _folder) = config(&broker);
    let service = Service::run(&config);
    service.becomes_ready().await;
    let us = body("acme-us");
    let answer = service
        .post_signed("eu", us.clone(), &signature("eu only", &us))
        .await;
    assert_eq!(answer.status(), 200);
    let record = broker.read(Topic::Unrecognized, 1).remove(0);
    assert_eq!((record.key, record.value), (None, us));
    assert_eq!(record.headers.event.source, "/stackone/acme-eu");
    let reason = record.headers.unrecognized_reason.as_deref();
    assert_eq!(reason, Some("project_mismatch"));
    assert_eq!(service.counted("eu", "project_mismatch").await, 1.0);
    assert_eq!(broker.count(Topic::AccountEvents), 0);
}

#[tokio::test]
async fn record_events_can_be_kept_out() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.publish.record_events = stackone_ingest::config::RecordEvents::Drop;
    })
    .await;
    let answer = service
        .post(r#"{"event":"hris_employees.created","account_id":"a"}"#)
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(service.counted("default", "record_dropped").await, 1.0);
    assert_eq!(broker.count(Topic::RecordEvents), 0);
}
