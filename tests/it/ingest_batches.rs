//! Batches on a topic that takes less than librdkafka would put into one.

use harness::{DedicatedBroker, PATIENT, SECRET, WITHIN, ingest_process, unique_topics};
use stackone_simulator::{SignedBody, sign, webhook_client, webhook_request};
use tokio::task::JoinSet;

use crate::operator::configure_at;

/// What the topic takes, and ingest: a body and what its record has beside it.
const MAX_MESSAGE_BYTES: &str = "65536";
const MAX_BODY_BYTES: &str = "49152";
const AT_ONCE: usize = 256;
const ROUNDS: usize = 5;

/// 4 KiB in which nothing repeats, so that compression saves nothing.
fn webhook(random: &mut fastrand::Rng) -> SignedBody {
    let noise: String = (0..4096).map(|_| random.alphanumeric()).collect();
    let body = format!(r#"{{"event":"account.updated","account_id":"a","noise":"{noise}"}}"#);
    SignedBody {
        signature: sign(SECRET.as_bytes(), body.as_bytes()),
        body: body.into_bytes(),
    }
}

/// A broker refuses a batch as a whole, and every record in it would be answered "too large", for
/// good.
#[tokio::test(flavor = "multi_thread")]
async fn no_record_that_fits_is_refused_for_the_batch_it_is_in() {
    let broker = DedicatedBroker::start().await.unwrap();
    let topics = unique_topics("batches");
    broker.create_topics(&topics, 1).await.unwrap();
    let (servers, topic) = (broker.bootstrap_servers(), &topics.account_events);
    configure_at(servers, topic, "max.message.bytes", MAX_MESSAGE_BYTES).await;
    let settings = [
        ("INGEST__LIMITS__MAX_BODY_BYTES", MAX_BODY_BYTES),
        ("INGEST__PUBLISH__LINGER", "20ms"),
    ];
    let settings = [&PATIENT[..], &settings].concat();
    let ingest = ingest_process(servers, &topics, &settings).await;
    let client = webhook_client(WITHIN).unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..ROUNDS {
        let mut posts = JoinSet::new();
        for _ in 0..AT_ONCE {
            let request = webhook_request(&client, &ingest.webhook_url(), webhook(&mut random));
            posts.spawn(async { Some(request.send().await.ok()?.status().as_u16()) });
        }
        let answers = posts.join_all().await;
        // On a machine that is busy some are told to come again, or cut off while their bodies
        // come.
        let mut answered = answers.iter().flatten();
        assert!(
            answered.all(|status| matches!(status, 200 | 503)),
            "{answers:?}"
        );
        let stored = answers
            .iter()
            .filter(|status| **status == Some(200))
            .count();
        assert!(stored > AT_ONCE / 2, "{answers:?}");
    }
}
