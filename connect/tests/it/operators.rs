//! What orchestrators ask.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::broker::Broker;
use crate::service::Service;
use crate::stackone::stackone;

/// The answer to a request without a body, to the end of the connection: its head, and what
/// follows.
async fn exchange(admin: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// Without the lines that may differ from one answer to the next: the time, and how long figures
/// are.
fn lasting(head: &str) -> BTreeSet<&str> {
    let passing = ["date:", "content-length:"];
    let lines = head.lines();
    lines
        .filter(|line| !passing.iter().any(|name| line.starts_with(name)))
        .collect()
}

#[tokio::test]
async fn head_is_answered_as_get_without_the_body() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        let (got, body) = exchange(service.admin, "GET", path).await;
        let (head, nothing) = exchange(service.admin, "HEAD", path).await;
        assert!(got.starts_with("http/1.1 200"), "{path}: {got}");
        assert_eq!(lasting(&head), lasting(&got), "{path}");
        assert!(
            head.contains("content-length: ") && !body.is_empty(),
            "{path}: {head}"
        );
        assert_eq!(nothing, "", "{path}");
    }
    let (posted, _) = exchange(service.admin, "POST", "/livez").await;
    assert!(posted.starts_with("http/1.1 404"), "{posted}");
}
