//! Who is let in, by which settings, and what is told to whoever is not.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::{Pipeline, SecuredBroker, Setup, WITHIN, eventually, readiness};
use stackone_link_transport::{SaslMechanism, Security};
use stackone_link_wire::Topic;
use tempfile::TempDir;

use super::{broker, password};

const MECHANISMS: [(SaslMechanism, &str); 3] = [
    (SaslMechanism::Plain, "PLAIN"),
    (SaslMechanism::ScramSha256, "SCRAM-SHA-256"),
    (SaslMechanism::ScramSha512, "SCRAM-SHA-512"),
];

fn password_file(folder: &TempDir, content: &str) -> PathBuf {
    let path = folder.path().join("password");
    std::fs::write(&path, content).unwrap();
    path
}

fn sasl(ca: &Path, mechanism: SaslMechanism, password_file: PathBuf) -> Security {
    Security::SaslTls {
        ca_file: Some(ca.to_owned()),
        mechanism,
        username: SecuredBroker::anyone().to_owned(),
        password_file,
    }
}

/// Both services take an account all the way, through their own configuration files.
async fn links_an_account(test: &str, servers: &str, security: Security) {
    let broker = broker()
        .await
        .for_services(servers, security.clone(), security);
    let pipeline = Pipeline::on(broker, test, Setup::partitions(1)).await;
    let processor = pipeline.processor("a").unwrap();
    pipeline.link("t");
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_each_sasl_mechanism_over_tls_an_account_is_linked() {
    let secured = broker().await;
    let user = SecuredBroker::anyone();
    let secret = password(user);
    let alter = "kafka-configs.sh $KAFKA_ADMIN --alter --entity-type users --entity-name";
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let script = format!("{alter} {user} --add-config '{mechanism}=[password={secret}]'");
        secured.run(&script).await.unwrap();
    }
    let folder = TempDir::new().unwrap();
    let file = password_file(&folder, &format!("{secret}\n"));
    for (mechanism, name) in MECHANISMS {
        let security = sasl(&secured.file("ca"), mechanism, file.clone());
        links_an_account(&name.to_lowercase(), secured.sasl(), security).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_of_its_own_an_account_is_linked() {
    let secured = broker().await;
    let security = Security::Tls {
        ca_file: Some(secured.file("ca")),
        certificate_file: Some(secured.file("client")),
        key_file: Some(secured.file("client-key")),
    };
    links_an_account("mutual-tls", secured.mutual(), security).await;
}

/// What `doctor` finds wrong with the broker, in text, and its exit code.
async fn diagnosis(pipeline: &Pipeline) -> (Option<i32>, String) {
    let output = pipeline.ended(&["doctor", "--timeout", "10s"]).await;
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Waits until a service whose operators look at `admin` is ready.
pub(super) async fn is_ready(admin: &str) {
    let ready = eventually("it is ready", WITHIN, async || {
        let body = readiness(admin).await.map_err(|error| error.to_string())?;
        let is_ready = body["ready"] == true;
        is_ready.then_some(()).ok_or(body.to_string())
    });
    ready.await.unwrap();
}

/// A service says in `/readyz` why no broker lets it in, and which setting to look at.
pub(super) async fn is_told(admin: &str, check: &str, words: [&str; 2]) {
    let told = eventually("readiness says why", WITHIN, async || {
        let body = readiness(admin).await.map_err(|error| error.to_string())?;
        let reason = body["checks"][check]["reason"].as_str().unwrap_or_default();
        let is_told = words.iter().all(|word| reason.contains(word));
        is_told.then_some(()).ok_or(body.to_string())
    });
    told.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_why_and_what_to_look_at_and_does_not_hang() {
    let secured = broker().await;
    let folder = TempDir::new().unwrap();
    let wrong = password_file(&folder, "wrong");
    let (ca, other) = (secured.file("ca"), secured.file("other-ca"));
    let no_certificate = Security::Tls {
        ca_file: Some(ca.clone()),
        certificate_file: None,
        key_file: None,
    };
    for (test, servers, security, words) in [
        (
            "wrong-password",
            secured.sasl(),
            sasl(&ca, SaslMechanism::Plain, wrong.clone()),
            ["Authentication failed", "password_file"],
        ),
        (
            "wrong-scram",
            secured.sasl(),
            sasl(&ca, SaslMechanism::ScramSha512, wrong.clone()),
            ["uthentication failed", "password_file"],
        ),
        (
            "wrong-ca",
            secured.sasl(),
            sasl(&other, SaslMechanism::Plain, wrong.clone()),
            ["certificate verify failed", "ca_file"],
        ),
        (
            "no-certificate",
            secured.mutual(),
            no_certificate,
            ["SSL", "certificate_file"],
        ),
        (
            "no-security",
            secured.sasl(),
            Security::Plaintext,
            ["", "kafka.security.kind"],
        ),
    ] {
        is_told_everywhere(test, servers, security, words).await;
    }
}

/// `doctor` and the `/readyz` of both services tell `words` of services that come to `servers` with
/// `security`.
pub(super) async fn is_told_everywhere(
    test: &str,
    servers: &str,
    security: Security,
    words: [&str; 2],
) {
    let secured = broker().await;
    let broker = secured.for_services(servers, security.clone(), security);
    let pipeline = Pipeline::on(broker, test, Setup::partitions(1)).await;
    let asked = Instant::now();
    let (code, told) = diagnosis(&pipeline).await;
    assert!(
        asked.elapsed() < Duration::from_secs(60),
        "{test}: {:?}",
        asked.elapsed()
    );
    assert_eq!(code, Some(1), "{test}: {told}");
    assert!(told.contains("no broker answers"), "{test}: {told}");
    let says = |word: &&str| told.contains(word);
    assert!(words.iter().all(says), "{test}: {told}");
    let processor = pipeline.processor("a").unwrap();
    is_told(&processor.admin, "topics", words).await;
    is_told(&pipeline.ingest_admin, "kafka", words).await;
    processor.stop_with(pipeline).await;
}
