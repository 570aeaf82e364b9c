//! What logs say, and what they must never show.

use std::path::Path;
use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;
use serde_json::Value;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::program::Program;
use crate::service::client;
use crate::sign::{SECRET, hex, mac, signature, standard_base64};

const NEXT_SECRET: &str = "the secret that comes after it";
const ACCEPTED: [&str; 4] = [
    r#"{"event":"account.created","account_id":"a1b2c3","origin_owner_name":"Jane Roe"}"#,
    r#"{"event":"hris_employees.created","account_id":"a1b2c3","origin_username":"Jane Roe"}"#,
    r#"{"event":"account.created","account_id":"a1b2c3","project_id":"other","origin_owner_id":"Jane Roe"}"#,
    "origin_username: Jane Roe",
];
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Writes a configuration with tight limits and its secret in a file of the same folder.
fn configuration(folder: &Path) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let text = format!(
        "[server]\nbody_deadline = '2s'\n[limits]\nmax_body_bytes = 2000\n[limits.before_authentication]\nrequests = 1\n\
         [publish]\nack_deadline = '2s'\n[kafka.properties]\n'queue.buffering.max.messages' = 2\n\
         [[sources]]\nname = 'default'\nproject_id = 'acme'\nsecrets = [{{ name = 'file', file = '{}' }}]\n",
        secret.display()
    );
    let file = folder.join("ingest.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Every answer that needs no trouble with Kafka.
async fn strangers(program: &Program) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    let forged = signature("another", ACCEPTED[0].as_bytes());
    let right_mac = mac(SECRET, ACCEPTED[0].as_bytes());
    for body in ACCEPTED {
        let signature = signature(SECRET, body.as_bytes());
        assert_eq!(program.post(&signature, body).await, 200, "{body}");
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
    let mut slow = Connection::head(program.public, &head).await;
    slow.send(b"Jane Roe").await;
    eventually("another gives way", async || {
        (program.post(&good, ACCEPTED[0]).await == 200).then_some(())
    })
    .await;
    assert_eq!(slow.status().await, 503);
    broker.answers_after(Duration::from_secs(1));
    eventually("a full queue", async || {
        let post = || program.post(&good, ACCEPTED[0]);
        tokio::join!(post(), post(), post());
        program.told("queue_full").then_some(())
    })
    .await;
    broker.answers_after(Duration::ZERO);
    let mut garbled = Connection::open(program.public).await;
    garbled.send(b"Jane Roe\r\na1b2c3: a1b2c3\r\n\r\n").await;
    assert_eq!(garbled.status().await, 400);
}

/// Every answer that needs it.
async fn trouble_with_kafka(program: &Program, broker: &Broker) {
    let good = signature(SECRET, ACCEPTED[0].as_bytes());
    for (error, status) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 413),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            503,
        ),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            503,
        ),
    ] {
        broker.refuses_next_record(error);
        assert_eq!(program.post(&good, ACCEPTED[0]).await, status);
        eventually("accepted", async || {
            (program.post(&good, ACCEPTED[0]).await == 200).then_some(())
        })
        .await;
    }
    broker.down();
    assert_eq!(program.post(&good, ACCEPTED[0]).await, 503);
    broker.up();
}

#[tokio::test]
async fn no_log_shows_a_secret_a_signature_or_what_a_body_says() {
    let broker = Broker::with_topics();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path());
    let program = Program::with(&broker, "trace,actix_http=trace", &["--config", &file]);
    strangers(&program).await;
    crowds(&program, &broker).await;
    trouble_with_kafka(&program, &broker).await;

    std::fs::write(folder.path().join("secret"), NEXT_SECRET).unwrap();
    let next = signature(NEXT_SECRET, ACCEPTED[0].as_bytes());
    eventually("the next secret", async || {
        (program.post(&next, ACCEPTED[0]).await == 200).then_some(())
    })
    .await;
    std::fs::write(&file, format!("secrets = '{NEXT_SECRET}'\n")).unwrap();
    std::fs::remove_file(folder.path().join("secret")).unwrap();
    let settled = program.logged("the list of sources").await;
    assert!(settled.contains("cannot be read again"));
    program.signal("TERM");
    let (_, logs) = program.ended().await;

    for reason in [
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
        "secrets have changed",
    ] {
        assert!(logs.contains(reason), "{reason} is not in the logs");
    }
    let mut hidden: Vec<String> = ["whatever", "Jane Roe", "a1b2c3", SECRET, NEXT_SECRET]
        .map(str::to_owned)
        .into();
    for secret in [SECRET, NEXT_SECRET, "another"] {
        for body in ACCEPTED.iter().chain(&[""]) {
            let mac = mac(secret, body.as_bytes());
            let signature = signature(secret, body.as_bytes());
            hidden.extend([hex(&mac), standard_base64(&mac), signature]);
        }
    }
    for hidden in hidden {
        let line = logs.lines().find(|line| line.contains(&hidden));
        assert_eq!(line, None, "{hidden}");
    }
}

#[tokio::test]
async fn a_refusal_has_one_line_with_its_trace_and_a_flood_has_few() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    let url = format!("http://{}/webhooks/stackone/default", program.public);
    let forged = signature("another", b"");
    let client = client();
    for _ in 0..200 {
        let request = client.post(&url).header("x-stackone-signature", &forged);
        let answer = request.header("traceparent", TRACEPARENT).send().await;
        assert_eq!(answer.unwrap().status(), 401);
    }
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    let lines = logs
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused: Vec<_> = lines
        .filter(|line| line["message"] == "webhook refused")
        .collect();
    assert!((10..60).contains(&refused.len()), "{}", refused.len());
    assert_eq!(refused[0]["reason"], "bad_signature");
    assert_eq!(refused[0]["source"], "default");
    assert_eq!(refused[0]["suppressed"], 0);
    assert_eq!(refused[0]["trace_id"].as_str().unwrap().len(), 32);
    assert!(!logs.contains(&TRACEPARENT[3..35]), "a stranger's trace");
}

#[tokio::test]
async fn connections_on_which_no_http_is_spoken_do_not_fill_the_logs() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    for _ in 0..1000 {
        let mut connection = Connection::open(program.public).await;
        connection.send(b"\x16\x03\x01\r\n\r\n").await;
        assert!(connection.closed().await.starts_with(b"HTTP/1.1 400 "));
    }
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    assert!(logs.lines().count() < 20, "{logs}");
}
