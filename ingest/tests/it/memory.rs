//! Memory in an outage: however many webhooks are refused, nothing of them stays.

use std::time::Duration;

use reqwest::Client;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::eventually::PATIENCE;
use crate::program::Program;
use crate::service::client_builder;
use crate::sign::{SECRET, signature};

/// Webhooks at once: enough for both producers to have their part.
const WAVE: usize = 200;
const BODY_BYTES: usize = 16 * 1024;
/// Waves until it has what it takes: some producers have been made anew, and what the broker owes
/// answers for is given up.
const WARM: usize = 6;
/// Waves after that.
const MORE: usize = 16;
/// What memory may have grown by then: the size of it goes up and down by half of this. One copy of
/// each body is three times as much.
const ROOM: usize = MORE * WAVE * BODY_BYTES / 3;

/// A webhook of so many bytes, like no other.
fn webhook(wave: usize, number: usize) -> String {
    let start = format!(r#"{{"event":"account.created","account_id":"a-{wave}-{number}","more":""#);
    let padding = "x".repeat(BODY_BYTES - start.len() - 2);
    format!("{start}{padding}\"}}")
}

/// Posts that many webhooks at once. Each is answered 503 in time.
async fn refused(client: &Client, program: &Program, wave: usize) {
    let mut posting = JoinSet::new();
    for number in 0..WAVE {
        let body = webhook(wave, number);
        let request = client.post(format!(
            "http://{}/webhooks/stackone/default",
            program.public
        ));
        let request = request.header("x-stackone-signature", signature(SECRET, body.as_bytes()));
        posting.spawn(request.body(body).send());
    }
    for answer in posting.join_all().await {
        assert_eq!(answer.unwrap().status(), 503, "wave {wave}");
    }
}

async fn stays_flat(trouble: impl FnOnce(&Broker)) {
    let broker = Broker::with_topics();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ingest.toml");
    // A client of a busy machine may be slow; what is not waited for is Kafka.
    let text = "[server]\nheader_deadline = '3m'\nbody_deadline = '3m'\n[shutdown]\ndeadline = '181s'\n\
                [publish]\nack_deadline = '700ms'\nstall_after = '2s'\n";
    std::fs::write(&file, text).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let program = Program::with(&broker, "stackone_ingest=info", &arguments);
    program.logged("kafka has all topics").await;
    trouble(&broker);
    let client = client_builder().timeout(4 * PATIENCE).build().unwrap();
    let mut warm = 0;
    for wave in 0..WARM {
        refused(&client, &program, wave).await;
        warm = warm.max(program.resident_bytes());
    }
    program.logged("producer is being rebuilt").await;
    for wave in WARM..WARM + MORE {
        refused(&client, &program, wave).await;
    }
    let end = program.resident_bytes();
    assert!(end < warm + ROOM, "from {warm} to {end} bytes");
}

#[tokio::test]
async fn a_broker_that_never_answers_costs_no_memory() {
    stays_flat(|broker| broker.answers_after(Duration::from_secs(600))).await;
}

#[tokio::test]
async fn a_broker_that_is_gone_costs_no_memory() {
    stays_flat(Broker::down).await;
}
