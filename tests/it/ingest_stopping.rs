//! SIGTERM while 200 connections post: nothing that was answered is missing, and nothing that was
//! taken in goes unanswered.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use harness::{
    DedicatedBroker, Isolation, PATIENT, SECRET, TopicReader, WITHIN, eventually, ingest_process,
    unique_topics,
};
use reqwest::Client;
use stackone_link_wire::Topic;
use stackone_simulator::{SignedBody, sign, webhook_client, webhook_request};
use tokio::task::JoinSet;
use url::Url;

const CONNECTIONS: usize = 200;
/// Answers before the signal, so that all connections are in the middle of it.
const UNDER_LOAD: usize = 5 * CONNECTIONS;
const SETTINGS: [(&str, &str); 1] = [("INGEST__SHUTDOWN__DRAIN_DELAY", "500ms")];

/// How one connection fared.
struct Connection {
    /// Account ids of the webhooks that were answered 200.
    accepted: Vec<String>,
    /// That of the webhook that got no answer, after which it posted no more, and what it saw
    /// instead.
    unanswered: (String, reqwest::Error),
}

/// Posts until it gets no answer.
async fn post_on(
    client: Client,
    url: Url,
    connection: usize,
    answers: Arc<AtomicUsize>,
) -> Connection {
    let mut accepted = Vec::new();
    loop {
        let account = format!("a-{connection}-{}", accepted.len());
        let body = format!(r#"{{"event":"account.updated","account_id":"{account}"}}"#);
        let signed = SignedBody {
            signature: sign(SECRET.as_bytes(), body.as_bytes()),
            body: body.into_bytes(),
        };
        match webhook_request(&client, &url, signed).send().await {
            Ok(answer) => assert_eq!(answer.status().as_u16(), 200),
            Err(error) => {
                return Connection {
                    accepted,
                    unanswered: (account, error),
                };
            }
        }
        answers.fetch_add(1, Relaxed);
        accepted.push(account);
    }
}

/// The accounts that are on the topic.
async fn stored(broker: &DedicatedBroker, topic: &str) -> HashSet<String> {
    let reader = TopicReader::new(broker.bootstrap_servers(), topic, Isolation::default());
    let records = reader.read_to_end().await;
    records
        .into_iter()
        .filter_map(|record| record.key)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_leaves_no_answer_without_a_record_and_no_record_without_an_answer() {
    let broker = DedicatedBroker::start().await.unwrap();
    let topics = unique_topics("stopping");
    broker.create_topics(&topics, 3).await.unwrap();
    let settings = [&PATIENT[..], &SETTINGS].concat();
    let ingest = ingest_process(broker.bootstrap_servers(), &topics, &settings).await;
    let answers = Arc::new(AtomicUsize::new(0));
    let mut connections = JoinSet::new();
    // As many connections as there are requests at once; making a client for each takes longer than
    // the test.
    let client = webhook_client(WITHIN).unwrap();
    for connection in 0..CONNECTIONS {
        let (client, url) = (client.clone(), ingest.webhook_url());
        connections.spawn(post_on(client, url, connection, answers.clone()));
    }
    let under_load = eventually("every connection posts", WITHIN, async || {
        let count = answers.load(Relaxed);
        (count >= UNDER_LOAD).then_some(()).ok_or(count)
    });
    under_load.await.unwrap();
    ingest.stop().await;
    let fared = connections.join_all().await;
    let stored = stored(&broker, topics.name(Topic::AccountEvents)).await;

    for connection in &fared {
        for account in &connection.accepted {
            assert!(stored.contains(account), "{account} was answered 200");
        }
    }
    let cut_off = fared.iter().map(|connection| &connection.unanswered);
    let cut_off: Vec<_> = cut_off
        .filter(|(account, _)| stored.contains(account))
        .collect();
    assert!(cut_off.is_empty(), "taken in and not answered: {cut_off:?}");
}
