//! Each path of a webhook that comes without TLS, and of what runs beside it.

use std::path::Path;
use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;
use stackone_link_wire::Topic;

use super::{ACCEPTED, NEXT_SECRET, show_paths_and_nothing_else};
use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::program::Program;
use crate::service::client;
use crate::sign::{SECRET, hex, mac, signature, standard_base64};

/// Writes a configuration with tight limits and its secret in a file of the same folder.
fn configuration(folder: &Path) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let text = format!(
        "[server]\nheader_deadline = '8s'\nbody_deadline = '2s'\n[limits]\nmax_body_bytes = 2000\n[limits.before_authentication]\nrequests = 1\n\
         [publish]\nack_deadline = '2s'\n[kafka.properties]\n'queue.buffering.max.messages' = 2\n\
         [[sources]]\nname = 'default'\nproject_id = 'acme'\nsecrets = [{{ name = 'file', file = '{}' }}]\n",
        secret.display()
    );
    let file = folder.join("ingest.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Waits until a webhook is accepted: the deadlines are tight here, and a busy machine may miss
/// one.
async fn is_accepted(program: &Program, signature: &str) {
    eventually("accepted", async || {
        (program.post(signature, ACCEPTED[0]).await == 200).then_some(())
    })
    .await;
}

/// Every answer that needs no trouble with Kafka.
async fn strangers(program: &Program) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    let forged = signature("another", ACCEPTED[0].as_bytes());
    let right_mac = mac(SECRET, ACCEPTED[0].as_bytes());
    for body in ACCEPTED {
        let signature = signature(SECRET, body.as_bytes());
        eventually("accepted", async || {
            (program.post(&signature, body).await == 200).then_some(())
        })
        .await;
    }
    for signature in [
        &forged,
        "what\tever",
        &format!("{good}="),
        &hex(&right_mac),
        &standard_base64(&right_mac),
    ] {
        assert_eq!(program.post(signature, ACCEPTED[0]).await, 401);
    }
    assert_eq!(program.post(&good, ACCEPTED[3]).await, 401);
    assert_eq!(program.post(&good, &"Jane Roe".repeat(1000)).await, 413);
    let base = format!("http://{}", program.public);
    for (path, status) in [("/a1b2c3", 404), ("/webhooks/stackone/a1b2c3", 404)] {
        let request = client().post(format!("{base}{path}")).body(ACCEPTED[0]);
        let request = request.header("x-stackone-signature", &good);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    let put = client().put(format!("{base}/webhooks/stackone/default"));
    assert_eq!(put.body(ACCEPTED[0]).send().await.unwrap().status(), 405);
    let signed = format!("x-stackone-signature: {good}");
    for (headers, body, status) in [
        (
            vec![
                signed.clone(),
                signed.clone(),
                "content-length: 0".to_owned(),
            ],
            "",
            401,
        ),
        (vec!["content-length: 0".to_owned()], "", 401),
        (
            vec![signed.clone(), "content-length: 70".to_owned()],
            "Jane Roe",
            408,
        ),
        (
            vec![signed, "transfer-encoding: chunked".to_owned()],
            "Jane Roe\r\n",
            400,
        ),
    ] {
        let mut connection = Connection::head(program.public, &headers).await;
        connection.send(body.as_bytes()).await;
        assert_eq!(connection.status().await, status);
    }
}

/// What is said on a connection without becoming a request, or after one was refused.
async fn connections(program: &Program) {
    let mut slow = Connection::open(program.public).await;
    slow.send(b"POST /webhooks/a1b2c3").await;
    let mut large = Connection::open(program.public).await;
    large.send(b"POST / HTTP/1.1\r\na1b2c3: ").await;
    large.send("Jane Roe".repeat(3000).as_bytes()).await;
    assert_eq!(large.status().await, 431);
    let asks = ["expect: 100-continue", "x-stackone-signature: whatever"].map(str::to_owned);
    let mut endless = Connection::head(
        program.public,
        &[&asks[..], &["transfer-encoding: chunked".to_owned()]].concat(),
    )
    .await;
    assert_eq!(endless.status().await, 401, "before there is a body");
    endless.send(b"8\r\nJane Roe\r\n").await;
    endless.closed().await;
    let mut garbled = Connection::open(program.public).await;
    garbled.send(b"Jane Roe\r\na1b2c3: a1b2c3\r\n\r\n").await;
    assert_eq!(garbled.status().await, 400);
    assert_eq!(slow.status().await, 408);
}

/// Every answer to more than there is room for, and whoever does not wait for one.
async fn crowds(program: &Program, broker: &Broker) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    let head = [
        format!("x-stackone-signature: {good}"),
        "content-length: 70".to_owned(),
    ];
    eventually("busy reading", async || {
        let _has_just_come = Connection::head(program.public, &head).await;
        (program.post(&good, ACCEPTED[0]).await == 503).then_some(())
    })
    .await;
    // Where nobody comes in time, the other is too slow instead.
    eventually("another gives way", async || {
        let mut slow = Connection::head(program.public, &head).await;
        slow.send(b"Jane Roe").await;
        is_accepted(program, &good).await;
        (slow.status().await == 503).then_some(())
    })
    .await;
    broker.answers_after(Duration::from_secs(1));
    eventually("a full queue", async || {
        let post = || program.post(&good, ACCEPTED[0]);
        tokio::join!(post(), post(), post());
        program.told("queue_full").then_some(())
    })
    .await;
    broker.answers_after(Duration::ZERO);
}

/// Every answer that needs it.
async fn trouble_with_kafka(program: &Program, broker: &Broker) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    for (error, times, status) in [
        // What is too large is sent a second time, on its own.
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 2, 413),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            1,
            503,
        ),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            1,
            503,
        ),
    ] {
        eventually("refused", async || {
            (0..times).for_each(|_| broker.refuses_next_record(error));
            (program.post(&good, ACCEPTED[0]).await == status).then_some(())
        })
        .await;
        is_accepted(program, &good).await;
    }
    broker.down();
    assert_eq!(program.post(&good, ACCEPTED[0]).await, 503);
    broker.up();
}

/// A start without a broker, and then without a topic.
async fn late_kafka(program: &Program, broker: &Broker) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    program.logged("kafka cannot be asked for topics").await;
    assert_eq!(program.post(&good, ACCEPTED[0]).await, 503);
    broker.up();
    program.logged("topics are missing").await;
    broker.create(Topic::Unrecognized);
    program.logged("kafka has all topics").await;
}

/// Secrets and the list of sources, changed, unreadable and in order again.
async fn changing_secrets(program: &Program, folder: &Path, file: &str) {
    let configured = std::fs::read(file).unwrap();
    std::fs::write(folder.join("secret"), NEXT_SECRET).unwrap();
    let next = signature(NEXT_SECRET, ACCEPTED[0].as_bytes());
    eventually("the next secret", async || {
        (program.post(&next, ACCEPTED[0]).await == 200).then_some(())
    })
    .await;
    std::fs::write(file, format!("secrets = '{NEXT_SECRET}'\n")).unwrap();
    std::fs::remove_file(folder.join("secret")).unwrap();
    let unreadable = program.logged("the list of sources").await;
    assert!(unreadable.contains("cannot be read again"));
    std::fs::write(folder.join("secret"), SECRET).unwrap();
    std::fs::write(file, configured).unwrap();
    program.logged("is in order again").await;
}

#[tokio::test]
async fn no_log_shows_a_secret_a_signature_or_what_a_body_says() {
    let broker = Broker::without_topics();
    broker.create(Topic::AccountEvents);
    broker.create(Topic::RecordEvents);
    broker.down();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let program = Program::with(&broker, "trace,actix_http=trace", &["--config", &file]);
    late_kafka(&program, &broker).await;
    strangers(&program).await;
    connections(&program).await;
    crowds(&program, &broker).await;
    trouble_with_kafka(&program, &broker).await;
    changing_secrets(&program, folder.path(), &file).await;
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    let paths = [
        "bad_signature",
        "signature_absent",
        "signature_repeated",
        "signature_malformed",
        "wrong_encoding",
        "body_too_large",
        "body_too_slow",
        "body_unreadable",
        "unknown_source",
        "unknown_path",
        "method_not_allowed",
        "busy_reading",
        "gave_way",
        "queue_full",
        "not_http",
        "too_large_for_broker",
        "topic_unavailable",
        "producer_failed",
        "not_acknowledged",
        "project_mismatch",
        "head_too_slow",
        "head_too_large",
        "not_closed",
        "webhook accepted",
        "producer is being rebuilt",
        "kafka cannot be asked for topics",
        "topics are missing",
        "kafka has all topics",
        "secrets have changed",
        "cannot be read again",
        "is in order again",
        "stopping",
    ];
    show_paths_and_nothing_else(&logs, &paths, &[]);
}
