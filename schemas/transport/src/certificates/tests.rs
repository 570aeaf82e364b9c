//! Tests of the settings that clients get. The brokers that accept them are in `tests/it/secured`.

use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::{KafkaConfig, Security, credential_failures};

/// More time than reading the files again takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(30);

/// Makes a self-signed certificate with this common name, and its key.
fn pair(name: &str) -> [String; 2] {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    [certificate.pem(), key.serialize_pem()]
}

fn write(folder: &Path, [certificate, key]: &[String; 2]) {
    std::fs::write(folder.join("certificate"), certificate).unwrap();
    std::fs::write(folder.join("key"), key).unwrap();
}

fn settings(folder: &Path) -> KafkaConfig {
    KafkaConfig {
        security: Security::Tls {
            ca_file: None,
            certificate_file: Some(folder.join("certificate")),
            key_file: Some(folder.join("key")),
        },
        ..KafkaConfig::plaintext("127.0.0.1:1")
    }
}

fn given(kafka: &KafkaConfig) -> [Option<String>; 2] {
    let mut config = ClientConfig::new();
    kafka.certificates().unwrap().apply(&mut config).unwrap();
    ["ssl.certificate.pem", "ssl.key.pem"].map(|name| config.get(name).map(str::to_owned))
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn changed_certificates_are_told_once_they_can_be_used_and_the_last_good_ones_stay_till_then() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (pair("old"), pair("new"));
    write(folder.path(), &old);
    let kafka = settings(folder.path());
    let known = kafka.certificates().unwrap();
    let of = |pair: &[String; 2]| pair.clone().map(Some);
    assert_eq!(given(&kafka), of(&old));
    // The certificate is replaced before its key.
    let failures = credential_failures();
    std::fs::write(folder.path().join("certificate"), &new[0]).unwrap();
    eventually("it is counted", || credential_failures() > failures);
    assert_eq!(
        given(&kafka),
        of(&old),
        "who is made meanwhile has the old ones"
    );
    assert_eq!(known.renewals(), 0);
    write(folder.path(), &new);
    eventually("they are told", || known.renewals() == 1);
    assert_eq!(given(&kafka), of(&new));
    for unusable in [Some("no PEM"), None] {
        let failures = credential_failures();
        let file = folder.path().join("key");
        match unusable {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        eventually("it is counted", || credential_failures() > failures);
        assert_eq!(given(&kafka), of(&new));
    }
    assert_eq!(known.renewals(), 1);
}

#[test]
fn who_never_had_a_certificate_is_told_which_file_or_why() {
    let folder = TempDir::new().unwrap();
    let kafka = settings(folder.path());
    let problem = || {
        let applied = kafka
            .certificates()
            .unwrap()
            .apply(&mut ClientConfig::new());
        applied.unwrap_err().to_string()
    };
    let told = problem();
    assert!(
        told.starts_with("kafka.security.certificate_file: cannot read "),
        "{told}"
    );
    write(
        folder.path(),
        &[pair("one")[0].clone(), pair("other")[1].clone()],
    );
    let told = problem();
    assert!(told.starts_with("kafka.security: "), "{told}");
}

#[test]
fn clients_are_not_due_while_no_broker_takes_the_new_ones_and_that_is_counted() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &pair("old"));
    let kafka = settings(folder.path());
    given(&kafka);
    let mut renewal = Renewal::of(&kafka);
    assert!(!renewal.is_due());
    write(folder.path(), &pair("new"));
    let known = kafka.certificates().unwrap();
    eventually("they are told", || known.renewals() == 1);
    let failures = credential_failures();
    assert!(!renewal.is_due(), "nobody listens");
    assert!(credential_failures() > failures);
}
