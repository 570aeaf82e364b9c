//! The table of answers: one test for each row that needs no trouble on Kafka's side.

use std::time::Duration;

use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::eventually::PATIENCE;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, hex, mac, signature, standard_base64};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

async fn refused(service: &Service, signature: &str, outcome: &str) {
    let answer = service.post_signed("default", BODY.into(), signature).await;
    assert_eq!(answer.status(), 401, "{outcome}");
    assert_eq!(answer.text().await.unwrap(), r#"{"error":"unauthorized"}"#);
    assert_eq!(service.counted("default", outcome).await, 1.0, "{outcome}");
}

#[tokio::test]
async fn only_what_was_signed_with_the_secret_is_accepted() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    refused(
        &service,
        &signature("another secret", BODY.as_bytes()),
        "bad_signature",
    )
    .await;
    refused(&service, "short", "signature_malformed").await;
    let answer = service
        .client
        .post(service.url("default"))
        .body(BODY)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.text().await.unwrap(), r#"{"error":"unauthorized"}"#);
    assert_eq!(service.counted("default", "signature_absent").await, 1.0);
    assert_eq!(broker.count(Topic::AccountEvents), 0);
    assert_eq!(service.post(BODY).await.status(), 200);
    assert_eq!(broker.count(Topic::AccountEvents), 1);
}

#[tokio::test]
async fn the_right_mac_in_another_encoding_is_refused_and_named() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let mac = mac(SECRET, BODY.as_bytes());
    let encodings = [
        hex(&mac),
        format!("sha256={}", hex(&mac)),
        standard_base64(&mac),
        format!("{}=", signature(SECRET, BODY.as_bytes())),
    ];
    for encoding in &encodings {
        let answer = service.post_signed("default", BODY.into(), encoding).await;
        assert_eq!(answer.status(), 401, "{encoding}");
    }
    assert_eq!(service.counted("default", "wrong_encoding").await, 4.0);
    refused(&service, &hex(&[0; 32]), "bad_signature").await;
}

#[tokio::test]
async fn a_webhook_without_a_proper_signature_header_is_refused_before_its_body_comes() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        // Longer than an answer is waited for: none comes because the body does not.
        settings.server.body_deadline = 2 * PATIENCE;
        settings.shutdown.deadline = 4 * PATIENCE;
    })
    .await;
    let good = format!(
        "x-stackone-signature: {}",
        signature(SECRET, BODY.as_bytes())
    );
    let announced = format!("content-length: {}", BODY.len());
    for headers in [
        vec![announced.clone()],
        vec![announced.clone(), good.clone(), good.clone()],
        vec![announced.clone(), "x-stackone-signature: AAAA".to_owned()],
        vec![
            announced.clone(),
            format!("x-stackone-signature: {}", "0".repeat(64)),
        ],
    ] {
        let mut connection = Connection::head(service.public, &headers).await;
        assert_eq!(connection.status().await, 401, "{headers:?}");
    }
    assert_eq!(service.counted("default", "signature_repeated").await, 1.0);
    assert_eq!(service.counted("default", "signature_malformed").await, 2.0);
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_webhooks_url_makes_no_difference() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let good = signature(SECRET, BODY.as_bytes());
    let with_slash = service.post_signed("default/", BODY.into(), &good).await;
    assert_eq!(with_slash.status(), 200);
    let unknown = service.post_signed("other/", BODY.into(), &good).await;
    assert_eq!(unknown.status(), 404);
    let request = service.client.get(service.url("default/"));
    assert_eq!(request.send().await.unwrap().status(), 405);
    let two = service.post_signed("default//", BODY.into(), &good).await;
    assert_eq!(two.status(), 404);
    for (source, outcome) in [
        ("default", "stored"),
        ("unknown", "unknown_source"),
        ("default", "method_not_allowed"),
        ("unknown", "unknown_path"),
    ] {
        assert_eq!(service.counted(source, outcome).await, 1.0, "{outcome}");
    }
}

#[tokio::test]
async fn other_sources_paths_and_methods_do_not_exist() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let good = signature(SECRET, BODY.as_bytes());
    let unknown = service.post_signed("other", BODY.into(), &good).await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(service.counted("unknown", "unknown_source").await, 1.0);
    for path in [
        "/",
        "/webhooks/stackone",
        "/webhooks/stackone/default/x",
        "/metrics",
        "/livez",
    ] {
        let url = format!("http://{}{path}", service.public);
        let answer = service.client.post(url).body(BODY).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(service.counted("unknown", "unknown_path").await, 5.0);
    for method in [
        reqwest::Method::GET,
        reqwest::Method::PUT,
        reqwest::Method::DELETE,
    ] {
        let request = service.client.request(method, service.url("default"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "POST");
    }
    assert_eq!(service.counted("default", "method_not_allowed").await, 3.0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let broker = Broker::with_topics();
    let service =
        Service::ready_with(&broker, |settings| settings.limits.max_body_bytes = 100_000).await;
    let at_limit = vec![b'x'; 100_000];
    assert_eq!(service.post(at_limit).await.status(), 200);
    let over = vec![b'x'; 100_001];
    assert_eq!(service.post(over.clone()).await.status(), 413);

    let signature = format!("x-stackone-signature: {}", signature(SECRET, &over));
    let announced = [signature.clone(), "content-length: 100001".to_owned()];
    let mut connection = Connection::head(service.public, &announced).await;
    assert_eq!(
        connection.status().await,
        413,
        "announced, without having come"
    );

    let chunked = [signature, "transfer-encoding: chunked".to_owned()];
    let mut connection = Connection::head(service.public, &chunked).await;
    for chunk in over.chunks(25_000) {
        connection
            .send(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await;
        connection.send(chunk).await;
        connection.send(b"\r\n").await;
    }
    assert_eq!(
        connection.status().await,
        413,
        "without having been announced"
    );
    assert_eq!(service.counted("default", "body_too_large").await, 3.0);
    assert_eq!(broker.count(Topic::Unrecognized), 1);
}

#[tokio::test]
async fn a_chunked_body_is_put_together_as_it_was_signed() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let headers = [
        format!(
            "x-stackone-signature: {}",
            signature(SECRET, BODY.as_bytes())
        ),
        "transfer-encoding: chunked".to_owned(),
    ];
    let mut connection = Connection::head(service.public, &headers).await;
    for chunk in BODY.as_bytes().chunks(7) {
        connection
            .send(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await;
        connection.send(chunk).await;
        connection.send(b"\r\n").await;
    }
    connection.send(b"0\r\n\r\n").await;
    assert_eq!(connection.status().await, 200);
    assert_eq!(
        broker.read(Topic::AccountEvents, 1)[0].value,
        BODY.as_bytes()
    );
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_are_given_up() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        settings.server.body_deadline = Duration::from_millis(300);
    })
    .await;
    let headers = [
        format!(
            "x-stackone-signature: {}",
            signature(SECRET, BODY.as_bytes())
        ),
        format!("content-length: {}", BODY.len()),
    ];
    let mut slow_body = Connection::head(service.public, &headers).await;
    slow_body.send(&BODY.as_bytes()[..10]).await;
    assert_eq!(slow_body.status().await, 408);
    slow_body.closed().await;
    assert_eq!(service.counted("default", "body_too_slow").await, 1.0);

    let service = Service::ready_with(&broker, |settings| {
        settings.server.header_deadline = Duration::from_millis(300);
    })
    .await;
    let begins = b"POST /webhooks/stackone/default HTTP/1.1\r\n";
    let answer = Connection::given_up_after(service.public, begins).await;
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_too() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let headers = [
        format!(
            "x-stackone-signature: {}",
            signature(SECRET, BODY.as_bytes())
        ),
        format!("content-length: {}", BODY.len()),
    ];
    let connection = Connection::head(service.public, &headers).await;
    drop(connection);
    crate::eventually::eventually("counted", async || {
        let gone = service.counted("default", "client_gone").await;
        let unreadable = service.counted("default", "body_unreadable").await;
        (gone + unreadable == 1.0).then_some(())
    })
    .await;
}

#[test]
fn the_table_in_the_docs_is_what_the_code_answers() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/answers.md");
    let committed = std::fs::read_to_string(file).unwrap();
    assert_eq!(
        committed,
        stackone_ingest::outcome::table_of_answers(),
        "docs/answers.md is out of date: run `just answers`"
    );
}
