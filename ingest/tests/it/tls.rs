//! TLS of the public listener: what is served, and that limits and deadlines hold from the first
//! byte.

use std::time::Duration;

use stackone_ingest::config::Settings;
use stackone_link_wire::Topic;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::broker::Broker;
use crate::certificates::{Authority, Mounted};
use crate::eventually::{PATIENCE, eventually};
use crate::http::Connection;
use crate::service::{Service, config_with};
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const YEAR: i32 = 2093;

/// A service with TLS, and the client that trusts it.
pub(crate) struct Secured {
    pub(crate) authority: Authority,
    pub(crate) mounted: Mounted,
    pub(crate) broker: Broker,
    pub(crate) service: Service,
    pub(crate) client: reqwest::Client,
}

impl Secured {
    pub(crate) async fn ready() -> Self {
        Self::ready_with(|_| {}).await
    }

    async fn ready_with(change: impl FnOnce(&mut Settings)) -> Self {
        let (authority, broker) = (Authority::new(), Broker::with_topics());
        let mounted = Mounted::new(&authority.certify(YEAR));
        let mut config = config_with(&broker.address(), &mounted.environment(), change);
        config.settings.topics = broker.topics.clone();
        let service = Service::run(&config);
        service.becomes_ready().await;
        Self {
            client: authority.client(),
            authority,
            mounted,
            broker,
            service,
        }
    }

    /// Posts a signed webhook over TLS.
    pub(crate) async fn post(&self, client: &reqwest::Client) -> reqwest::Result<u16> {
        let url = self.service.url("default").replace("http:", "https:");
        let request = client.post(url).body(BODY);
        let request = request.header("x-stackone-signature", signature(SECRET, BODY.as_bytes()));
        Ok(request.send().await?.status().as_u16())
    }

    pub(crate) async fn metric(&self, line: &str) -> Option<f64> {
        let line = format!("stackone_ingest_{line}");
        self.service.metric(&line).await
    }

    pub(crate) async fn expiry(&self) -> Option<f64> {
        self.metric("tls_certificate_expiry_timestamp_seconds")
            .await
    }

    pub(crate) async fn handshake_failures(&self, reason: &str) -> Option<f64> {
        let line = format!("tls_handshake_failures_total{{reason=\"{reason}\"}}");
        self.metric(&line).await
    }
}

/// The beginning of a year, in seconds since the epoch.
pub(crate) fn beginning_of(year: i32) -> f64 {
    let day = jiff::civil::date(year.try_into().unwrap(), 1, 1);
    let timestamp = day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    timestamp.as_duration().as_secs_f64()
}

#[tokio::test]
async fn a_signed_webhook_is_stored_and_the_certificates_end_is_told() {
    let secured = Secured::ready().await;
    assert_eq!(secured.post(&secured.client).await.unwrap(), 200);
    let stored = secured.broker.read(Topic::AccountEvents, 1);
    assert_eq!(stored[0].value, BODY.as_bytes());
    assert_eq!(secured.expiry().await, Some(beginning_of(YEAR)));
    let plain = Service::ready(&secured.broker).await;
    let expiry = "stackone_ingest_tls_certificate_expiry_timestamp_seconds";
    assert_eq!(plain.metric(expiry).await, None, "it has none");
}

/// A `ClientHello` of TLS 1.1, with one cipher suite and no extension.
fn hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

#[tokio::test]
async fn a_client_without_tls_of_today_gets_an_alert_at_most_and_holds_nothing() {
    let secured = Secured::ready_with(|settings| {
        settings.server.max_connections_per_peer = 1;
        settings.server.tls_handshake_deadline = PATIENCE;
    })
    .await;
    let http = b"GET / HTTP/1.1\r\nhost: ingest\r\n\r\n".to_vec();
    for (failures, said) in [(1.0, http), (2.0, hello_of_tls_1_1())] {
        let mut stream = TcpStream::connect(secured.service.public).await.unwrap();
        stream.write_all(&said).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        let _end_or_reset = read.expect("connection stays open");
        let is_alert = answer.first().is_none_or(|kind| *kind == 21);
        assert!(is_alert && answer.len() <= 7, "{answer:?}");
        eventually("counted, and its connection free again", async || {
            let counted = secured.handshake_failures("failed").await == Some(failures);
            (counted && secured.metric("connections_open").await == Some(0.0)).then_some(())
        })
        .await;
    }
    assert_eq!(
        secured.service.counted("unknown", "unknown_path").await,
        0.0
    );
    eventually("its connection is free again", async || {
        secured.post(&secured.client).await.ok()
    })
    .await;
}

#[tokio::test]
async fn a_silent_tls_client_counts_for_its_peer_before_the_handshake() {
    let secured = Secured::ready_with(|settings| {
        settings.server.max_connections_per_peer = 2;
        settings.server.tls_handshake_deadline = 10 * PATIENCE;
    })
    .await;
    let _silent = [
        Connection::open(secured.service.public).await,
        Connection::open(secured.service.public).await,
    ];
    Connection::open(secured.service.public)
        .await
        .closed()
        .await;
    let refused = secured.metric("connections_refused_total").await;
    assert_eq!(refused, Some(1.0));
    let cut = secured.handshake_failures("too_slow").await;
    assert_eq!(cut, None, "the others are still waited for");
}

#[tokio::test]
async fn a_silent_tls_client_is_cut_at_the_handshakes_deadline_and_holds_nothing_then() {
    let secured = Secured::ready_with(|settings| {
        settings.server.max_connections_per_peer = 1;
        settings.server.tls_handshake_deadline = Duration::from_secs(2);
    })
    .await;
    let mut silent = Connection::open(secured.service.public).await;
    silent.closed().await;
    // It is closed before it is counted.
    eventually("counted", async || {
        let counted = secured.handshake_failures("too_slow").await;
        (counted == Some(1.0)).then_some(())
    })
    .await;
    // A busy machine may need longer than the deadline to shake hands.
    let posted = eventually("its connection is free again", async || {
        secured.post(&secured.client).await.ok()
    });
    assert_eq!(posted.await, 200);
}

#[tokio::test]
async fn headers_that_do_not_come_are_given_up_over_tls_too() {
    let secured = Secured::ready_with(|settings| {
        settings.server.header_deadline = Duration::from_secs(1);
    })
    .await;
    // Who says nothing in time gets no answer, and a busy machine may come late.
    let answer = eventually("an answer", async || {
        let connected = secured.authority.connect(secured.service.public).await;
        let mut stream = connected.ok()?;
        stream.write_all(b"POST /webhooks").await.ok()?;
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.expect("connection stays open").ok()?;
        (!answer.is_empty()).then_some(answer)
    });
    let answer = answer.await;
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{answer:?}");
}

#[tokio::test]
async fn a_connection_that_waits_for_its_next_request_does_not_hold_up_the_end() {
    // All of these are waited for longer than the end may take.
    let late = |settings: &mut Settings| {
        settings.server.tls_handshake_deadline = 4 * PATIENCE;
        settings.server.header_deadline = 4 * PATIENCE;
        settings.shutdown.deadline = 4 * PATIENCE;
    };
    let secured = Secured::ready_with(late).await;
    let plain = Service::ready_with(&secured.broker, late).await;
    assert_eq!(secured.post(&secured.client).await.unwrap(), 200);
    assert_eq!(plain.post(BODY).await.status(), 200);
    let _silent = Connection::open(plain.public).await;
    let _shakes_no_hands = Connection::open(secured.service.public).await;
    eventually("both are connected", async || {
        let open = secured.metric("connections_open").await;
        (open == Some(2.0)).then_some(())
    })
    .await;
    for service in [secured.service, plain] {
        service.stop.cancel();
        let stopped = timeout(PATIENCE, service.stopped()).await;
        stopped
            .expect("an idle connection is none in flight")
            .unwrap();
    }
}
