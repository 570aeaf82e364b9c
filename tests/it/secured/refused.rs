//! How often a broker is shown a token that it has refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use harness::{WITHIN, eventually};
use serde_json::json;
use stackone_link_transport::{KafkaConfig, Publisher};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::broker;
use super::oauth::{in_file, oauth, put};

/// Forwards connections to `to`, and counts them.
async fn counted(to: &str) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let came = Arc::new(AtomicU32::new(0));
    let (seen, to) = (Arc::clone(&came), to.to_owned());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            seen.fetch_add(1, Relaxed);
            let to = to.clone();
            tokio::spawn(async move {
                let mut broker = TcpStream::connect(to).await?;
                copy_bidirectional(&mut client, &mut broker).await
            });
        }
    });
    (address, came)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_shown_to_a_broker_by_two_names_at_most_once_a_second() {
    let secured = broker().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    put(&file, &secured.token([0, 3600], json!({"aud": "other"})));
    let (servers, came) = counted(secured.oauth()).await;
    let kafka = KafkaConfig {
        security: oauth(in_file(file.clone(), None)).await,
        ..KafkaConfig::plaintext(servers)
    };
    let began = Instant::now();
    let publisher = Publisher::new(&kafka, "refused", WITHIN).unwrap();
    let came_four_times = eventually("it came four times", WITHIN, async || {
        let count = came.load(Relaxed);
        (count >= 4).then_some(()).ok_or(format!("{count} times"))
    });
    came_four_times.await.unwrap();
    // All of them together: one that is taken in late on a busy machine is closer to the next one.
    let (times, took) = (came.load(Relaxed), began.elapsed());
    assert!(
        took >= Duration::from_secs(2) * (times - 1),
        "{times} times in {took:?}"
    );
    put(&file, &secured.token([0, 3600], json!({})));
    let let_in = eventually("a good token is let in", WITHIN, async || {
        publisher.status(&[], Duration::from_secs(1)).map(drop)
    });
    let_in.await.unwrap();
}
