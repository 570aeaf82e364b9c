//! What is on Kafka after a 200.

use std::path::Path;
use std::time::{Duration, Instant};

use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::service::Service;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

#[tokio::test]
async fn the_bytes_on_the_topic_are_the_bytes_that_were_signed() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let body = fixture("account.created.json");
    let answer = service.post(body.clone()).await;
    assert_eq!(answer.status(), 200);
    let answer: serde_json::Value = answer.json().await.unwrap();

    let record = broker.read(Topic::AccountEvents, 1).remove(0);
    assert_eq!(record.value, body);
    assert_eq!(record.key.as_deref(), Some("GnQoASvosYhE5wJcmmAQs"));
    let event = &record.headers.event;
    assert_eq!(answer["id"], event.id.to_string());
    assert_eq!(event.event_type, "account.created");
    assert_eq!(event.source, "/stackone/acmeinc-27270");
    assert_eq!(event.subject.as_deref(), Some("GnQoASvosYhE5wJcmmAQs"));
    assert_eq!(event.time.unwrap().to_string(), "2026-03-04T09:12:44.102Z");
    assert_eq!(record.headers.content_type, "application/json");
    assert_eq!(record.headers.ingest.as_ref().unwrap().source, "default");
    assert_eq!(
        record.header_names,
        [
            "ce_specversion",
            "ce_id",
            "ce_type",
            "ce_source",
            "ce_subject",
            "ce_time",
            "content-type",
            "traceparent",
            "stackone_source",
            "stackone_received_at",
        ]
    );
}

#[tokio::test]
async fn every_documented_webhook_goes_where_it_belongs() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let account = [
        "account.created.json",
        "account.updated.json",
        "account.deleted.json",
        "account.created.minimal-numeric-record-id.json",
    ];
    let record = [
        "hris_employees.created.synthetic.json",
        "ats_job_postings.updated.native.json",
    ];
    let unknown: serde_json::Value =
        serde_json::from_slice(&fixture("unknown.future-event.json")).unwrap();
    let is_account = unknown["event"].as_str().unwrap().starts_with("account.");
    let unknown = ["unknown.future-event.json"];
    let (account, record) = if is_account {
        ([&account[..], &unknown[..]].concat(), record.to_vec())
    } else {
        (account.to_vec(), [&record[..], &unknown[..]].concat())
    };
    for (topic, files) in [
        (Topic::AccountEvents, account),
        (Topic::RecordEvents, record),
    ] {
        for file in &files {
            assert_eq!(service.post(fixture(file)).await.status(), 200, "{file}");
        }
        let stored = broker.read(topic, files.len());
        for file in files {
            let found = stored.iter().find(|record| record.value == fixture(file));
            assert!(
                found.is_some_and(|record| record.key.is_some()),
                "{file} is not on {topic:?}"
            );
        }
        assert_eq!(broker.count(topic), stored.len());
    }
    assert_eq!(broker.count(Topic::Unrecognized), 0);
}

#[tokio::test]
async fn an_authentic_webhook_of_no_use_is_kept_and_never_asked_for_again() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let bodies: [&[u8]; 6] = [
        b"not JSON",
        b"",
        b"\xff\xfe",
        br#"{"account_id":"a"}"#,
        br#"{"event":"account.created","account_id":"../../admin"}"#,
        br#"{"event":"account created","account_id":"a"}"#,
    ];
    for body in bodies {
        assert_eq!(service.post(body).await.status(), 200, "{body:?}");
    }
    let stored = broker.read(Topic::Unrecognized, bodies.len());
    for body in bodies {
        let record = stored.iter().find(|record| record.value == body).unwrap();
        assert_eq!(record.key, None);
        let named = body.starts_with(br#"{"event":"account.created""#);
        let expected = if named {
            "account.created"
        } else {
            "stackone.unrecognized"
        };
        assert_eq!(record.headers.event.event_type, expected);
        let json = body.starts_with(b"{");
        let expected = if json {
            "application/json"
        } else {
            "application/octet-stream"
        };
        assert_eq!(record.headers.content_type, expected);
        assert!(record.header_names.contains(&"stackone_reason".to_owned()));
        let reason = record.headers.unrecognized_reason.as_deref();
        assert_eq!(reason, Some("unrecognized"), "{body:?}");
    }
    assert_eq!(service.counted("default", "unrecognized").await, 6.0);
}

#[tokio::test]
async fn a_redelivery_has_the_same_id_and_key() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let body = String::from_utf8(fixture("account.updated.json")).unwrap();
    let sent: serde_json::Value = serde_json::from_str(&body).unwrap();
    let again = body.replace(
        sent["sent_at"].as_str().unwrap(),
        "2030-01-01T00:00:00.000Z",
    );
    assert_ne!(body, again);
    for body in [body, again] {
        assert_eq!(service.post(body).await.status(), 200);
    }
    let stored = broker.read(Topic::AccountEvents, 2);
    assert_eq!(stored[0].headers.event.id, stored[1].headers.event.id);
    assert_eq!(stored[0].key, stored[1].key);
}

#[tokio::test]
async fn a_compressed_body_is_stored_as_it_came() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let body = b"\x1f\x8b\x08\x00 not really gzip".to_vec();
    let request = service
        .client
        .post(service.url("default"))
        .body(body.clone());
    let signature = crate::sign::signature(crate::sign::SECRET, &body);
    let request = request
        .header("x-stackone-signature", signature)
        .header("content-encoding", "gzip");
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(broker.read(Topic::Unrecognized, 1)[0].value, body);
}

#[tokio::test]
async fn no_answer_comes_before_the_acknowledgement() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    assert_eq!(
        service.post(fixture("account.created.json")).await.status(),
        200
    );
    broker.answers_after(Duration::from_millis(500));
    let started = Instant::now();
    assert_eq!(
        service.post(fixture("account.updated.json")).await.status(),
        200
    );
    assert!(
        started.elapsed() >= Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
}
