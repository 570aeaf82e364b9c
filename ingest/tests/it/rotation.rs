//! Secrets that change while the service runs.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use stackone_ingest::Config;
use tempfile::TempDir;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{Service, patient};
use crate::sign::signature;

const BODY: &[u8] = br#"{"event":"account.created","account_id":"a"}"#;

/// A service whose configuration and secrets are files.
struct Rotating {
    folder: TempDir,
    service: Service,
    _broker: Broker,
}

impl Rotating {
    /// A service that takes the secrets of these names; each file says what the secret is called.
    async fn with(secrets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for secret in secrets {
            std::fs::write(folder.path().join(secret), secret).unwrap();
        }
        Self::of(folder, secrets).await
    }

    async fn of(folder: TempDir, secrets: &[&str]) -> Self {
        let broker = Broker::with_topics();
        list(folder.path(), secrets);
        let mut config =
            Config::load(Some(&folder.path().join("ingest.toml")), &HashMap::new()).unwrap();
        config.settings.kafka.bootstrap_servers = broker.address();
        config.settings.topics = broker.topics.clone();
        patient(&mut config.settings);
        let service = Service::run(&config);
        service.becomes_ready().await;
        Self {
            folder,
            service,
            _broker: broker,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn post(&self, secret: &str) -> u16 {
        let signature = signature(secret, BODY);
        let answer = self
            .service
            .post_signed("default", BODY.into(), &signature)
            .await;
        answer.status().as_u16()
    }

    /// Waits until what is signed with `secret` is answered with `status`. That files are read
    /// again within the 2 s that are promised is proven where no machine is busy:
    /// `process/src/watch.rs`.
    async fn becomes(&self, secret: &str, status: u16) {
        eventually(secret, async || {
            (self.post(secret).await == status).then_some(())
        })
        .await;
    }

    async fn failures(&self, source: &str) -> f64 {
        let line = format!("stackone_ingest_secret_reload_failures_total{{source=\"{source}\"}}");
        self.service.metric(&line).await.unwrap_or(0.0)
    }

    async fn fails_again(&self, source: &str) {
        let before = self.failures(source).await;
        // Two more: the first may have been under way when this began.
        eventually("counted", async || {
            (self.failures(source).await >= before + 2.0).then_some(())
        })
        .await;
    }
}

/// Writes the configuration, in place of the old one in one step.
fn list(folder: &Path, secrets: &[&str]) {
    let mut text =
        "[server]\nlisten = '127.0.0.1:0'\nworkers = 1\n[admin]\nlisten = '127.0.0.1:0'\n\
                    [[sources]]\nname = 'default'\nsecrets = ["
            .to_owned();
    for secret in secrets {
        let file = folder.join(secret);
        write!(
            text,
            "{{ name = '{secret}', file = '{}' }},",
            file.display()
        )
        .unwrap();
    }
    text.push_str("]\n");
    replace(&folder.join("ingest.toml"), &text);
}

fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[tokio::test]
async fn while_secrets_rotate_under_load_nothing_signed_with_a_live_one_is_refused() {
    let rotating = Rotating::with(&["one", "two"]).await;
    // `one` stays live throughout, in a file that swaps places with the other; `two` gives way to
    // `three`.
    let load = async {
        let mut posted = 0;
        loop {
            assert_eq!(rotating.post("one").await, 200, "after {posted}");
            posted += 1;
            // At least so many, however soon the other one is there.
            if rotating.post("three").await == 200 && posted > 10 {
                break;
            }
        }
    };
    let swap = async {
        replace(&rotating.path("three"), "three\n");
        list(rotating.folder.path(), &["three", "one"]);
    };
    tokio::join!(load, swap);
    for secret in ["one", "three"].repeat(20) {
        assert_eq!(rotating.post(secret).await, 200);
    }
    assert_eq!(rotating.post("two").await, 401);
    let matches = |secret| {
        format!("stackone_ingest_secret_matches_total{{secret=\"{secret}\",source=\"default\"}}")
    };
    let metric = async |secret| rotating.service.metric(&matches(secret)).await;
    assert!(metric("three").await.unwrap() > 20.0);
    assert_eq!(metric("two").await, Some(0.0), "nobody used it");
}

#[tokio::test]
async fn a_secret_changed_in_its_file_takes_the_place_of_the_old_one() {
    let rotating = Rotating::with(&["old"]).await;
    assert_eq!(rotating.post("new").await, 401);
    replace(&rotating.path("old"), "new");
    rotating.becomes("new", 200).await;
    assert_eq!(rotating.post("old").await, 401);
}

#[tokio::test]
async fn removing_an_entry_revokes_the_secret() {
    let rotating = Rotating::with(&["old", "new"]).await;
    assert_eq!(rotating.post("old").await, 200);
    list(rotating.folder.path(), &["new"]);
    rotating.becomes("old", 401).await;
    assert_eq!(rotating.post("new").await, 200);
    assert_eq!(rotating.failures("default").await, 0.0);
}

#[tokio::test]
async fn a_missing_or_empty_file_keeps_the_last_good_secret_and_is_counted() {
    let rotating = Rotating::with(&["secret", "other"]).await;
    std::fs::remove_file(rotating.path("secret")).unwrap();
    rotating.fails_again("default").await;
    assert_eq!(rotating.post("secret").await, 200, "missing");
    std::fs::write(rotating.path("secret"), "\n").unwrap();
    rotating.fails_again("default").await;
    assert_eq!(rotating.post("secret").await, 200, "empty");
    replace(&rotating.path("secret"), "next");
    rotating.becomes("next", 200).await;
    assert_eq!(rotating.post("other").await, 200);
}

#[tokio::test]
async fn a_list_whose_only_secret_is_not_there_yet_leaves_the_one_that_was() {
    let rotating = Rotating::with(&["old"]).await;
    list(rotating.folder.path(), &["new"]);
    rotating.fails_again("default").await;
    assert_eq!(rotating.post("old").await, 200);
    replace(&rotating.path("new"), "new");
    rotating.becomes("new", 200).await;
    assert_eq!(rotating.post("old").await, 401);
}

#[tokio::test]
async fn a_list_that_cannot_be_used_leaves_the_last_one_in_force() {
    let rotating = Rotating::with(&["secret"]).await;
    for text in ["[[sources]]\nname = 'default'\nsecrets = []\n", "not TOML"] {
        replace(&rotating.path("ingest.toml"), text);
        rotating.fails_again("unknown").await;
        assert_eq!(rotating.post("secret").await, 200, "{text}");
    }
    std::fs::remove_file(rotating.path("ingest.toml")).unwrap();
    rotating.fails_again("unknown").await;
    assert_eq!(rotating.post("secret").await, 200, "missing");
    assert_eq!(rotating.failures("default").await, 0.0);
    // A file that changes is still looked at.
    replace(&rotating.path("secret"), "next");
    rotating.becomes("next", 200).await;
}

/// How Kubernetes changes a mounted secret: `..data` is a link to a folder, and is swapped for one
/// to another folder.
#[cfg(unix)]
#[tokio::test]
async fn links_that_are_swapped_are_followed() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("..data");
    for (version, text) in [("..1", "old"), ("..2", "new")] {
        std::fs::create_dir(folder.path().join(version)).unwrap();
        std::fs::write(folder.path().join(version).join("secret"), text).unwrap();
    }
    symlink("..1", &data).unwrap();
    symlink("..data/secret", folder.path().join("secret")).unwrap();
    let rotating = Rotating::of(folder, &["secret"]).await;
    assert_eq!(rotating.post("old").await, 200);
    symlink("..2", rotating.path("..data_tmp")).unwrap();
    std::fs::rename(rotating.path("..data_tmp"), data).unwrap();
    rotating.becomes("new", 200).await;
    assert_eq!(rotating.post("old").await, 401);
}
