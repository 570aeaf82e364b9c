//! Passwords and certificates that are replaced while services are under load.

use std::path::Path;

use harness::{Metrics, Pipeline, ProcessorInProcess, eventually};
use stackone_link_transport::{SaslMechanism, Security};
use tempfile::TempDir;

use super::broker;
use super::entry::is_ready;
use super::load::{MEANWHILE, Replicas, replicas_link_all_while, takes};

/// Webhooks of 25 s, once the old password is gone: the broker wants a password of each connection
/// every 10 s, and hangs up on whoever shows the old one.
const UNTIL_EACH_WAS_ASKED: u64 = 100;
/// Webhooks of 5 s, before and after a change.
const SOME: u64 = 20;

/// Puts a file in the place of another, as Kubernetes does.
fn put(folder: &Path, name: &str, content: &str) {
    let next = folder.join("next");
    std::fs::write(&next, content).unwrap();
    std::fs::rename(&next, folder.join(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_replaced_under_load_and_no_webhook_is_lost_doubled_or_refused() {
    let secured = broker().await;
    let user = "rotating";
    let set = async |password: &str| {
        let alter = "kafka-configs.sh $KAFKA_ADMIN --alter --entity-type users --entity-name";
        let script = format!("{alter} {user} --add-config 'SCRAM-SHA-512=[password={password}]'");
        secured.run(&script).await.unwrap();
    };
    secured.allow_all(user, true).await.unwrap();
    set("old").await;
    let folder = TempDir::new().unwrap();
    put(folder.path(), "password", "old");
    let security = Security::SaslTls {
        ca_file: Some(secured.file("ca")),
        mechanism: SaslMechanism::ScramSha512,
        username: user.to_owned(),
        password_file: folder.path().join("password"),
    };
    let broker = secured.for_services(secured.sasl(), security.clone(), security);
    replicas_link_all_while("rotated-password", broker, async |pipeline, _, _| {
        takes(pipeline, SOME).await;
        set("new").await;
        put(folder.path(), "password", "new");
        takes(pipeline, UNTIL_EACH_WAS_ASKED).await;
    })
    .await;
}

/// How often both services together counted something of their clients since `before`. They share a
/// process.
async fn counted(pipeline: &Pipeline, what: &str) -> f64 {
    let metrics = Metrics::of(&pipeline.ingest_admin).await.unwrap();
    metrics.sum(&format!("stackone_ingest_kafka_{what}_total"))
}

async fn is_counted(pipeline: &Pipeline, what: &str, times: f64, before: f64) {
    let risen = eventually(what, MEANWHILE, async || {
        let rose = counted(pipeline, what).await - before;
        (rose >= times).then_some(()).ok_or(format!("{rose} times"))
    });
    risen.await.unwrap();
}

/// Waits until those beside have clients with the new certificates. Each processor takes them at a
/// moment of its own.
async fn are_renewed(replicas: &Replicas) {
    let producer = "a producer with Kafka's new certificates is in use";
    replicas.ingest.says_times(producer, 1, MEANWHILE).await;
    replicas.connect.says_times(producer, 1, MEANWHILE).await;
    // Both topics that it follows, once when it started and once more.
    let connect = &replicas.connect;
    connect.says_times("read to the end", 4, MEANWHILE).await;
    let goes_on = "going on with new clients";
    replicas.processor.says_times(goes_on, 1, MEANWHILE).await;
}

async fn replace(
    folder: &Path,
    pipeline: &Pipeline,
    processor: &ProcessorInProcess,
    replicas: &Replicas,
) {
    let secured = broker().await;
    takes(pipeline, SOME).await;
    let failures = counted(pipeline, "credential_failures").await;
    // A CA that did not sign the broker's certificate: in PEM, and of no use.
    put(
        folder,
        "ca",
        &std::fs::read_to_string(secured.file("other-ca")).unwrap(),
    );
    is_counted(pipeline, "credential_failures", 2.0, failures).await;
    let before = counted(pipeline, "client_renewals").await;
    let [certificate, key] = secured.certificate_of("second").unwrap();
    put(folder, "certificate", &certificate);
    put(folder, "key", &key);
    let both = ["ca", "other-ca"].map(|name| std::fs::read_to_string(secured.file(name)).unwrap());
    put(folder, "ca", &both.concat());
    is_counted(pipeline, "client_renewals", 2.0, before).await;
    are_renewed(replicas).await;
    // Whoever still comes with the first certificate is refused each request from now on.
    secured.allow_all("CN=first", false).await.unwrap();
    takes(pipeline, SOME).await;
    is_ready(&processor.admin).await;
    is_ready(&replicas.processor.admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_key_and_ca_are_replaced_under_load_and_no_webhook_is_lost_doubled_or_refused()
{
    let secured = broker().await;
    let folder = TempDir::new().unwrap();
    for name in ["first", "second"] {
        secured
            .allow_all(&format!("CN={name}"), true)
            .await
            .unwrap();
    }
    let [certificate, key] = secured.certificate_of("first").unwrap();
    put(folder.path(), "certificate", &certificate);
    put(folder.path(), "key", &key);
    put(
        folder.path(),
        "ca",
        &std::fs::read_to_string(secured.file("ca")).unwrap(),
    );
    let file = |name| Some(folder.path().join(name));
    let security = Security::Tls {
        ca_file: file("ca"),
        certificate_file: file("certificate"),
        key_file: file("key"),
    };
    let broker = secured.for_services(secured.mutual(), security.clone(), security);
    replicas_link_all_while(
        "rotated-certificate",
        broker,
        async |pipeline, processor, replicas| {
            replace(folder.path(), pipeline, processor, replicas).await;
        },
    )
    .await;
}
