//! Certificates that change while the service runs, and those that cannot be used.

use std::fs;
use std::time::Instant;

use crate::certificates::{Authority, Mounted, Pair, shown};
use crate::command::{ingest, stderr};
use crate::eventually::{PATIENCE, eventually};
use crate::sign::SECRET;
use crate::tls::{Secured, beginning_of};

const FAILURES: &str = "tls_reload_failures_total";

impl Secured {
    /// The certificate that a new connection is shown.
    async fn shown(&self) -> Vec<u8> {
        shown(&self.authority.connect(self.service.public).await.unwrap())
    }

    async fn fails_again(&self) {
        let before = self.metric(FAILURES).await.unwrap();
        // Two more: the first may have been under way when this began.
        eventually("counted", async || {
            (self.metric(FAILURES).await.unwrap() >= before + 2.0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_new_certificate_serves_new_connections_and_no_request_fails() {
    let mut secured = Secured::ready().await;
    let old = secured.shown().await;
    let new = secured.authority.certify(2094);
    assert_eq!(secured.post(&secured.client).await.unwrap(), 200);
    secured.mounted.replace(&new);
    let (started, mut posted) = (Instant::now(), 0);
    while secured.shown().await == old {
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        let stranger = secured.authority.client();
        for client in [&secured.client, &stranger] {
            assert_eq!(secured.post(client).await.unwrap(), 200, "after {posted}");
            posted += 1;
        }
    }
    assert_eq!(secured.shown().await, new.der());
    assert_eq!(
        secured.post(&secured.client).await.unwrap(),
        200,
        "the connection of before"
    );
    assert_eq!(secured.expiry().await, Some(beginning_of(2094)));
    assert!(posted > 0);
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_leaves_the_last_one_in_force_and_is_counted() {
    let mut secured = Secured::ready().await;
    let (old, new) = (secured.shown().await, secured.authority.certify(2094));
    for unusable in unusable_pairs(&secured.authority) {
        secured.mounted.replace(&unusable);
        secured.fails_again().await;
        assert_eq!(secured.shown().await, old);
    }
    fs::remove_file(secured.mounted.path("tls.key")).unwrap();
    secured.fails_again().await;
    assert_eq!(secured.shown().await, old, "missing");
    assert_eq!(secured.expiry().await, Some(beginning_of(2093)));
    fs::write(secured.mounted.path("tls.key"), &new.key).unwrap();
    secured.mounted.replace(&new);
    eventually("the new one", async || {
        (secured.shown().await == new.der()).then_some(())
    })
    .await;
}

/// A key of another certificate; no certificate; one that is none; no key.
fn unusable_pairs(authority: &Authority) -> [Pair; 4] {
    let (pair, other) = (authority.certify(2094), authority.certify(2095));
    let with = |certificate: &str, key: &str| Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
    };
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    [
        with(&pair.certificate, &other.key),
        with("", &pair.key),
        with(no_certificate, &pair.key),
        with(&pair.certificate, "secret"),
    ]
}

#[test]
fn a_pair_that_cannot_be_used_at_start_is_told_in_one_line_with_exit_code_2() {
    let authority = Authority::new();
    let said = [
        ["server.tls: ", "KeyMismatch"],
        ["server.tls.certificate_file: ", "no certificate"],
        ["server.tls.certificate_file: ", "tls.crt"],
        ["server.tls.private_key_file: ", "tls.key"],
    ];
    for (unusable, said) in unusable_pairs(&authority).iter().zip(said) {
        let mounted = Mounted::new(unusable);
        let files = mounted.environment();
        let mut environment = vec![("STACKONE_WEBHOOK_SECRET", SECRET)];
        environment.extend(files.iter().map(|(name, file)| (*name, file.as_str())));
        for command in ["check-config", "run"] {
            let output = ingest(&[command], &environment);
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{told}");
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(said.iter().all(|part| told.contains(part)), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
