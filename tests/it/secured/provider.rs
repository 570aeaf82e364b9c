//! A stand-in for an identity provider, which answers as a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stackone_link_transport::{OidcSettings, TokenSettings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An identity provider, and how often it was asked.
pub(super) struct Provider {
    address: String,
    pub(super) asked: Arc<AtomicUsize>,
    _serving: JoinHandle<()>,
}

impl Provider {
    /// Answers each request with what `answer` says, of this type; hangs up where it says nothing.
    pub(super) async fn new(
        kind: &'static str,
        answer: impl Fn() -> Option<String> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer() {
                    // Who asks may be gone by now.
                    drop(respond(stream, kind, &answer).await);
                }
            }
        });
        Self {
            address,
            asked,
            _serving: serving,
        }
    }

    pub(super) fn settings(&self, folder: &TempDir) -> TokenSettings {
        let client_secret_file = folder.path().join("secret");
        std::fs::write(&client_secret_file, "secret\n").unwrap();
        TokenSettings::Oidc(Box::new(OidcSettings {
            token_url: format!("http://{}/token", self.address).parse().unwrap(),
            client_id: "link".to_owned(),
            client_secret_file,
            scope: None,
            audience: Some("kafka".to_owned()),
            ca_file: None,
        }))
    }
}

/// Reads a request to the end of its form, whose last parameter is the audience.
async fn respond(mut stream: TcpStream, kind: &str, body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"audience=kafka") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await
}
