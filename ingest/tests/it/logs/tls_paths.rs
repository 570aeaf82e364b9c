//! Each path on which a listener with TLS says something of its own.

use std::path::Path;
use std::time::Duration;

use super::{ACCEPTED, show_paths_and_nothing_else};
use crate::broker::Broker;
use crate::certificates::{Authority, Mounted, Pair};
use crate::eventually::eventually;
use crate::http::Connection;
use crate::program::Program;
use crate::sign::{SECRET, signature};

const NO_KEY: &str = "what should have been a private key";

/// Writes a configuration with TLS, and room for one webhook that waits for Kafka.
fn configuration(folder: &Path, mounted: &Mounted) -> String {
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| mounted.path(name));
    let text = format!(
        "[server]\ntls_handshake_deadline = '2s'\n[server.tls]\ncertificate_file = '{}'\nprivate_key_file = '{}'\n\
         [limits]\nbefore_authentication.requests = 1\nafter_authentication.requests = 1\n",
        certificate.display(),
        key.display()
    );
    let file = folder.join("ingest.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Posts a signed webhook over TLS.
async fn post(program: &Program, client: &reqwest::Client) -> reqwest::Result<u16> {
    let url = format!("https://{}/webhooks/stackone/default", program.public);
    let signature = signature(SECRET, ACCEPTED[0].as_bytes());
    let request = client.post(url).header("x-stackone-signature", signature);
    let answer = request.body(ACCEPTED[0]).send().await?;
    Ok(answer.status().as_u16())
}

/// Handshakes that come to nothing: with a client that says nothing, that speaks no TLS, that does
/// not trust us.
async fn failed_handshakes(program: &Program) {
    let mut silent = Connection::open(program.public).await;
    silent.closed().await;
    program.logged("not done within its deadline").await;
    let signature = signature(SECRET, ACCEPTED[0].as_bytes());
    let head = [format!("x-stackone-signature: {signature}")];
    let mut plain = Connection::head(program.public, &head).await;
    plain.closed().await;
    program.logged("InvalidContentType").await;
    let stranger = Authority::new().client();
    assert!(post(program, &stranger).await.unwrap_err().is_connect());
    program.logged("received fatal alert").await;
}

/// Pairs that cannot be used, and one that can.
async fn changing_certificates(program: &Program, mounted: &mut Mounted, pairs: &[Pair; 2]) {
    let [good, other] = pairs;
    for (key, problem) in [(NO_KEY, "tls.key"), (&other.key, "KeyMismatch")] {
        mounted.replace(&Pair {
            certificate: good.certificate.clone(),
            key: key.to_owned(),
        });
        program.logged(problem).await;
    }
    mounted.replace(good);
    let told = program.logged("is in order again").await;
    assert!(told.contains("the TLS certificate"), "{told}");
}

/// The private part of a pair, line by line as its file has it.
fn private(pair: &Pair) -> impl Iterator<Item = String> {
    let lines = pair.key.lines().filter(|line| !line.starts_with("-----"));
    lines.map(str::to_owned)
}

#[tokio::test]
async fn no_log_of_a_listener_with_tls_shows_more() {
    let (authority, broker) = (Authority::new(), Broker::with_topics());
    let (first, pairs) = (
        authority.certify(2093),
        [authority.certify(2094), authority.certify(2095)],
    );
    let mut mounted = Mounted::new(&first);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &mounted);
    let program = Program::with(&broker, "trace,actix_http=trace", &["--config", &file]);
    let client = authority.client();
    eventually("accepted", async || {
        (post(&program, &client).await.ok()? == 200).then_some(())
    })
    .await;
    failed_handshakes(&program).await;
    broker.answers_after(Duration::from_secs(1));
    eventually("busy", async || {
        let post = || post(&program, &client);
        let _answers = tokio::join!(post(), post(), post());
        program.told("busy_publishing").then_some(())
    })
    .await;
    changing_certificates(&program, &mut mounted, &pairs).await;
    program.signal("TERM");
    let (_, logs) = program.ended().await;

    let paths = [
        "no TLS handshake",
        "webhook accepted",
        "cannot be read again",
        "the TLS certificate has changed",
    ];
    let mut keys: Vec<_> = [&first]
        .into_iter()
        .chain(&pairs)
        .flat_map(private)
        .collect();
    assert!(keys.len() >= 6, "each has some lines");
    keys.push(NO_KEY.to_owned());
    show_paths_and_nothing_else(&logs, &paths, &keys);
}
