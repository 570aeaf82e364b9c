//! HTTP by hand, for what a proper client would not send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::eventually::{PATIENCE, eventually};

/// A connection to the public listener.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// The head of a POST to the source `default` with these header lines.
    pub(crate) async fn head(address: SocketAddr, headers: &[String]) -> Self {
        let mut connection = Self::open(address).await;
        let lines = headers.join("\r\n");
        let head =
            format!("POST /webhooks/stackone/default HTTP/1.1\r\nhost: ingest\r\n{lines}\r\n\r\n");
        connection.send(head.as_bytes()).await;
        connection
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// What is answered, to the end of the connection, to who says this and then no more. Where a
    /// busy machine has it come after the deadline, nothing was said in time, and that is not
    /// answered: then another one says it.
    pub(crate) async fn given_up_after(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        eventually("an answer", async || {
            let mut connection = Self::open(address).await;
            connection.0.write_all(bytes).await.ok()?;
            let answer = connection.closed().await;
            (!answer.is_empty()).then_some(answer)
        })
        .await
    }

    /// Closes this half of the connection.
    pub(crate) async fn says_no_more(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// The status of the answer.
    pub(crate) async fn status(&mut self) -> u16 {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let read = timeout(PATIENCE, self.0.read_u8()).await;
            answer.push(read.expect("no answer").expect("connection was closed"));
        }
        let head = String::from_utf8(answer).unwrap();
        head[9..12].parse().unwrap()
    }

    /// Reads the answer's body.
    pub(crate) async fn rest(&mut self, length: usize) {
        let mut body = vec![0; length];
        let read = timeout(PATIENCE, self.0.read_exact(&mut body)).await;
        read.expect("no body").expect("connection was closed");
    }

    /// Waits until the service closes the connection; what came before that.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        let _end_or_reset = read.expect("connection stays open");
        rest
    }
}
