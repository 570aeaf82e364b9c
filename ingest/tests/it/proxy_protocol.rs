//! Balancers that speak the PROXY protocol to a listener that does not.

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::http::Connection;
use crate::program::Program;
use crate::service::Service;
use crate::tls::Secured;

const REQUEST: &[u8] = b"POST /webhooks/stackone/default HTTP/1.1\r\nhost: ingest\r\n\r\n";
/// What each version puts before it, of a client over IPv4.
const VERSIONS: [&[u8]; 2] = [
    b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x13\x88\x01\xbb",
];

#[tokio::test]
async fn a_connection_that_begins_with_the_proxy_protocol_is_answered_400_and_counted_as_such() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    for version in VERSIONS {
        let mut connection = Connection::open(service.public).await;
        connection.send(&[version, REQUEST].concat()).await;
        assert_eq!(connection.status().await, 400);
        connection.says_no_more().await;
        connection.closed().await;
    }
    let line = "stackone_ingest_connections_failed_total{reason=\"proxy_protocol\"}";
    eventually("counted", async || {
        (service.metric(line).await == Some(2.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn over_tls_the_proxy_protocol_is_told_from_handshakes_that_fail() {
    let secured = Secured::ready().await;
    for version in VERSIONS {
        let mut connection = Connection::open(secured.service.public).await;
        connection.send(version).await;
        connection.closed().await;
    }
    eventually("counted", async || {
        let told = secured.handshake_failures("proxy_protocol").await;
        (told == Some(2.0)).then_some(())
    })
    .await;
    assert_eq!(secured.post(&secured.client).await.unwrap(), 200);
}

#[tokio::test]
async fn the_log_names_the_proxy_protocol_once_however_many_connections_begin_with_it() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    for version in VERSIONS.repeat(50) {
        let mut connection = Connection::open(program.public).await;
        connection.send(version).await;
        assert_eq!(connection.status().await, 400);
    }
    let told = program.logged("PROXY protocol").await;
    assert!(
        told.contains("\"WARN\"") && told.contains("docs/answers.md"),
        "{told}"
    );
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    assert_eq!(logs.matches("PROXY protocol").count(), 1, "{logs}");
}
