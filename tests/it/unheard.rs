//! Services and commands whose lines cannot be written: they work all the same.

mod commands;
mod process;
mod reader;

use harness::{Metrics, Pipeline, SECRET, WITHIN, eventually, ingest_command};
use reqwest::StatusCode;
use stackone_link_wire::Topic;
use stackone_simulator::{SignedBody, sign, webhook_client, webhook_request};
use tokio::task::JoinSet;
use url::Url;

use process::Unheard;
use reader::Reader;

const BODY: &str = r#"{"event":"account.updated","account_id":"a"}"#;
/// What a stranger posts, on so many connections at once.
const REFUSED: usize = 3000;
const CONNECTIONS: usize = 8;

fn signed(secret: &str) -> SignedBody {
    SignedBody {
        signature: sign(secret.as_bytes(), BODY.as_bytes()),
        body: BODY.into(),
    }
}

async fn answer(url: &Url, secret: &str) -> StatusCode {
    let client = webhook_client(WITHIN).unwrap();
    let request = webhook_request(&client, url, signed(secret));
    request.send().await.unwrap().status()
}

/// Thousands of forged webhooks, each of which is to be answered.
async fn forgeries_are_answered(url: &Url) {
    let mut posting = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, url) = (webhook_client(WITHIN).unwrap(), url.clone());
        posting.spawn(async move {
            for _ in 0..REFUSED / CONNECTIONS {
                let request = webhook_request(&client, &url, signed("a stranger's guess"));
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            }
        });
    }
    posting.join_all().await;
}

/// Ingest on the pipeline's broker, whose only secret is in a file.
fn ingest(pipeline: &Pipeline, folder: &std::path::Path, reader: Reader) -> Unheard {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let config = folder.join("ingest.toml");
    let text = format!(
        "[[sources]]\nname = 'default'\nsecrets = [{{ name = 'one', file = '{}' }}]\n",
        secret.display()
    );
    std::fs::write(&config, text).unwrap();
    let settings = [
        ("INGEST__TELEMETRY__FILTER", "trace,actix_http=trace"),
        ("INGEST__SHUTDOWN__DRAIN_DELAY", "0s"),
    ];
    let servers = pipeline.broker.bootstrap_servers();
    let mut command = ingest_command(servers, &pipeline.topics, &settings);
    command.arg("--config").arg(config);
    Unheard::start(command, reader)
}

async fn is_alive(admin: &str) {
    let answer = reqwest::get(format!("{admin}/livez")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_answers_rotates_and_drains_whatever_becomes_of_its_log() {
    let pipeline = Pipeline::start("unheard-ingest").await;
    for reader in Reader::ALL {
        let folder = tempfile::tempdir().unwrap();
        let ingest = ingest(&pipeline, folder.path(), reader);
        let (public, admin) = ingest.listeners().await;
        let url: Url = format!("{public}/webhooks/stackone/default")
            .parse()
            .unwrap();
        let answered = eventually("a webhook is stored", WITHIN, async || {
            let status = answer(&url, SECRET).await;
            (status == StatusCode::OK).then_some(()).ok_or(status)
        });
        answered.await.unwrap();
        forgeries_are_answered(&url).await;
        std::fs::write(folder.path().join("secret"), "the next secret").unwrap();
        let rotated = eventually("the next secret is live", WITHIN, async || {
            let status = answer(&url, "the next secret").await;
            (status == StatusCode::OK).then_some(()).ok_or(status)
        });
        rotated.await.unwrap();
        is_alive(&admin).await;
        let lost = Metrics::of(&admin).await.unwrap();
        let lost = lost.sum("stackone_ingest_log_lines_lost_total");
        assert!(lost > 0.0, "{reader:?}: {lost} lines lost");
        assert_eq!(ingest.terminated().await, Some(0), "{reader:?}");
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_tells_every_transition_whatever_becomes_of_its_log() {
    let pipeline = Pipeline::start("unheard-processor").await;
    let mut linked = pipeline.reader(Topic::Linked);
    for (count, reader) in (1..).zip(Reader::ALL) {
        let mut command = pipeline.command(&[]);
        command.env("PROCESSOR__TELEMETRY__FILTER", "trace");
        let processor = Unheard::start(command, reader);
        let admin = processor.only_listener().await;
        pipeline.link(&format!("t{count}"));
        linked.events(count).await;
        is_alive(&admin).await;
        if !matches!(reader, Reader::Stuck) {
            let lost = Metrics::of(&admin).await.unwrap();
            let lost = lost.sum("stackone_processor_log_lines_lost_total");
            assert!(lost > 0.0, "{reader:?}: {lost} lines lost");
        }
        assert_eq!(processor.terminated().await, Some(0), "{reader:?}");
    }
    pipeline.stop().await.unwrap();
}
