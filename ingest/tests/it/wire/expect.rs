//! `Expect: 100-continue`.

use super::{BODY, WEBHOOKS, head};
use crate::broker::Broker;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, signature};

#[tokio::test]
async fn a_client_that_expects_100_continue_is_refused_before_it_sends_its_body() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let claims = format!(
        "x-stackone-signature: {}",
        signature(SECRET, BODY.as_bytes())
    );
    let length = format!("content-length: {}", BODY.len());
    let large = "content-length: 1000000";
    for (method, path, lines, status, source, outcome) in [
        (
            "POST",
            "/elsewhere",
            [&claims, &length[..]],
            404,
            "unknown",
            "unknown_path",
        ),
        (
            "POST",
            "/webhooks/stackone/none",
            [&claims, &length],
            404,
            "unknown",
            "unknown_source",
        ),
        (
            "PUT",
            "/webhooks/stackone/default/",
            [&claims, &length],
            405,
            "default",
            "method_not_allowed",
        ),
        (
            "POST",
            WEBHOOKS,
            ["accept: */*", &length],
            401,
            "default",
            "signature_absent",
        ),
        (
            "POST",
            WEBHOOKS,
            [&claims, large],
            413,
            "default",
            "body_too_large",
        ),
    ] {
        let mut connection = Connection::open(service.public).await;
        let lines = [&["expect: 100-continue"], &lines[..]].concat();
        connection.send(&head(method, path, &lines)).await;
        assert_eq!(connection.status().await, status, "{outcome}");
        connection.closed().await;
        assert_eq!(service.counted(source, outcome).await, 1.0, "{outcome}");
    }
    let mut connection = Connection::open(service.public).await;
    let lines = ["expect: 100-continue", &claims, &length];
    connection.send(&head("POST", WEBHOOKS, &lines)).await;
    assert_eq!(connection.status().await, 100);
    connection.send(BODY.as_bytes()).await;
    assert_eq!(connection.status().await, 200);
    assert_eq!(service.counted("default", "stored").await, 1.0);
}

#[tokio::test]
async fn a_client_that_sends_its_body_although_it_was_refused_gets_no_second_answer() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let mut connection = Connection::open(service.public).await;
    let lines = ["expect: 100-continue", "content-length: 900000"];
    connection.send(&head("POST", WEBHOOKS, &lines)).await;
    assert_eq!(connection.status().await, 401);
    // More than a head may have.
    connection.send(&[b'x'; 100_000]).await;
    let rest = String::from_utf8(connection.closed().await).unwrap();
    assert!(!rest.contains("HTTP/1.1 "), "{rest}");
}
