//! Servers that break off, never end, send too much, or are not who they say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stackone_client::{ApiError, Client, ClientOptions, Lookup};
use stackone_link_schemas::AccountId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig};

use crate::{ID, impatient, options};

const MEBIBYTE: usize = 1024 * 1024;

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn asked_of(options: ClientOptions) -> Result<Lookup, ApiError> {
    let client = Client::new(options).unwrap();
    client.account(&AccountId::try_from(ID).unwrap()).await
}

/// Asks a server that reads the request, sends these parts, each after a pause, and closes the
/// connection. The client may hang up before.
async fn answered_with(
    options: fn(&str) -> ClientOptions,
    parts: Vec<Vec<u8>>,
    pause: Duration,
) -> Result<Lookup, ApiError> {
    let (listener, address) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        for part in parts {
            tokio::time::sleep(pause).await;
            if stream.write_all(&part).await.is_err() {
                return;
            }
        }
    };
    let asked = asked_of(options(&format!("http://{address}")));
    let (told, ()) = tokio::join!(asked, server);
    told
}

async fn read_request(stream: &mut TcpStream) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the request ends early");
        request.extend_from_slice(&buffer[..length]);
    }
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}\r\n\r\n").into_bytes()
}

fn is_unavailable(told: &Result<Lookup, ApiError>, wanted: &str) -> bool {
    matches!(told, Err(ApiError::Unavailable { reason, .. }) if reason == wanted)
}

fn is_too_long(told: &Result<Lookup, ApiError>) -> bool {
    matches!(told, Err(ApiError::Unreadable { reason }) if reason == "answer over 4 MiB")
}

#[tokio::test]
async fn an_answer_that_trickles_ends_with_the_deadline_although_it_moves() {
    let mut parts = vec![head("content-length: 200")];
    parts.extend((0..200).map(|_| b" ".to_vec()));
    let told = answered_with(impatient, parts, Duration::from_millis(50)).await;
    assert!(is_unavailable(&told, "timeout"), "{told:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_tells_nothing() {
    let whole =
        format!(r#"{{"id":"{ID}","provider":"p","status":"active","origin_owner_id":"o"}}"#);
    let declared = head(&format!("content-length: {}", whole.len() + 1));
    let parts = vec![declared, whole.into_bytes()];
    let told = answered_with(options, parts, Duration::ZERO).await;
    assert!(is_unavailable(&told, "connection broke"), "{told:?}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_read_up_to_the_limit_only() {
    let chunk = [
        format!("{MEBIBYTE:x}\r\n").into_bytes(),
        vec![b' '; MEBIBYTE],
        b"\r\n".to_vec(),
    ];
    let mut parts = vec![head("transfer-encoding: chunked")];
    parts.extend(std::iter::repeat_n(chunk.concat(), 5));
    // It never ends: without the limit this would be a connection that broke.
    let told = answered_with(options, parts, Duration::ZERO).await;
    assert!(is_too_long(&told), "{told:?}");
}

#[tokio::test]
async fn a_long_answer_is_unreadable_however_long_it_says_it_is() {
    let length = 10 * 1000 * 1000;
    let parts = vec![
        head(&format!("content-length: {length}")),
        vec![b' '; length],
    ];
    let told = answered_with(options, parts, Duration::ZERO).await;
    assert!(is_too_long(&told), "{told:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_request() {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(DEFAULT_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let (listener, address) = listen().await;
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        match TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            Ok(mut stream) => stream.read(&mut byte).await.unwrap_or(0),
            Err(_) => 0,
        }
    };
    let asked = asked_of(options(&format!("https://{address}")));
    let (told, read) = tokio::join!(asked, server);
    assert!(is_unavailable(&told, "connection failed"), "{told:?}");
    assert_eq!(read, 0);
}
