//! Where a request ends and the next one begins.

use super::{BODY, WEBHOOKS, head, signed};
use crate::broker::Broker;
use crate::http::Connection;
use crate::service::Service;
use crate::sign::{SECRET, signature};

/// Sends all of it at once, and returns everything that comes back until the connection is closed.
async fn answers(service: &Service, request: &[u8]) -> String {
    let mut connection = Connection::open(service.public).await;
    connection.send(request).await;
    String::from_utf8(connection.closed().await).unwrap()
}

const END: &str = "0\r\n\r\n";
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: ingest\r\n\r\n";

/// Posts [`END`] and then [`HIDDEN`], signed as if `body` were all that belongs to the request. Who
/// takes it to be so answers 200, and then the request that is hidden.
async fn answers_to_hidden(service: &Service, lines: &[&str], body: &str) -> String {
    let signature = format!(
        "x-stackone-signature: {}",
        signature(SECRET, body.as_bytes())
    );
    let mut request = head("POST", WEBHOOKS, &[lines, &[&signature]].concat());
    request.extend(format!("{END}{HIDDEN}").as_bytes());
    answers(service, &request).await
}

#[tokio::test]
async fn no_request_hides_in_the_body_of_another() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    for (line, body) in [
        ("transfer-encoding: chunked", ""),
        ("content-length: 5", END),
    ] {
        let both = answers_to_hidden(&service, &[line], body).await;
        assert_eq!(both.matches("HTTP/1.1 ").count(), 2, "{line}: {both}");
    }
    let length = format!("content-length: {}", END.len() + HIDDEN.len());
    let chunked = "transfer-encoding: chunked";
    for lines in [
        &[chunked, &length][..],
        &[&length, chunked],
        &["content-length: 0", &length],
        &["content-length: 5", &length],
        &["content-length: +5"],
        &["content-length: 0x5"],
        &["content-length : 5"],
        &["content-length: 5, 5"],
        &["transfer-encoding: identity, chunked", &length],
        &["transfer-encoding: xchunked"],
        &["transfer-encoding: chunked, identity"],
        &["transfer-encoding : chunked"],
        &["transfer-encoding: chunked", "transfer-encoding: chunked"],
        &["x-folded: a\r\n b", "content-length: 0"],
    ] {
        for body in ["", END] {
            let answered = answers_to_hidden(&service, lines, body).await;
            let count = answered.matches("HTTP/1.1 ").count();
            assert_eq!(count, 1, "{lines:?}: {answered}");
            assert!(answered.starts_with("HTTP/1.1 4"), "{lines:?}: {answered}");
        }
    }
    // Those that were not hidden.
    assert_eq!(service.counted("unknown", "unknown_path").await, 2.0);
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_order() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let bodies = [BODY, r#"{"event":"account.created","account_id":"b"}"#];
    let mut ids = Vec::new();
    for body in bodies {
        ids.push(service.post(body).await.text().await.unwrap());
    }
    let [first, second] = bodies.map(|body| signed(body, "accept: */*"));
    let last = head("GET", "/elsewhere", &["accept: */*"]);
    let answered = answers(&service, &[first, second, last].concat()).await;
    let answered: Vec<_> = answered.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answered.len(), 3, "{answered:?}");
    for (answer, id) in answered.iter().zip(&ids) {
        assert!(
            answer.starts_with("200") && answer.ends_with(id.as_str()),
            "{answer} {id}"
        );
    }
    assert!(answered[2].starts_with("404"), "{answered:?}");
    assert_ne!(ids[0], ids[1]);
}
