//! What a panic ends: the processor, whatever thread it was; of ingest and connect, the connection
//! or the task.

mod connect;
mod ingest;
mod liveness;
mod process;
mod processor;

use std::net::SocketAddr;

use harness::{Metrics, NAMES_FILE, PANIC_IN, PANIC_TIMES, ServiceProcess, WITHIN, eventually};
use stackone_simulator::webhook_client;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

/// Exit code of a process that a panic has ended.
const PANICKED: i32 = 101;

/// A program of which threads and tasks of one name panic, or none does.
struct Program {
    process: ServiceProcess,
    folder: TempDir,
    panic_in: &'static str,
}

impl Program {
    /// Starts it; where `panic_in` is empty nothing panics.
    fn start(mut command: Command, panic_in: &'static str, times: Option<usize>) -> Self {
        let folder = TempDir::new().unwrap();
        if let Some(times) = times {
            command.env(PANIC_TIMES, times.to_string());
        }
        command.env(PANIC_IN, panic_in);
        command.env(NAMES_FILE, folder.path().join("names"));
        Self {
            process: ServiceProcess::spawn(command),
            folder,
            panic_in,
        }
    }

    /// What it has logged.
    fn log(&self) -> String {
        self.process.log()
    }

    /// What it has started so far, by name, as often as it has.
    fn names(&self) -> Vec<String> {
        let names = std::fs::read_to_string(self.folder.path().join("names"));
        let names = names.unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// Waits until it has started something of this name; true where it has ended instead.
    async fn starts(&mut self, name: &str) -> bool {
        let awaited = format!("{name} starts");
        let started = eventually(&awaited, WITHIN, async || {
            self.starts_now(name).ok_or_else(|| self.log())
        });
        started.await.unwrap()
    }

    /// False where it has started something of this name, true where it has ended, none while
    /// neither.
    fn starts_now(&mut self, name: &str) -> Option<bool> {
        if self.process.has_ended().is_some() {
            return Some(true);
        }
        let is_started = self.names().iter().any(|started| started == name);
        is_started.then_some(false)
    }

    /// Waits for its end after the panic: what does not end by its hook never ends.
    async fn ends(&mut self) -> i32 {
        let told = format!("on purpose, in {}", self.panic_in);
        let panicked = eventually(&told, WITHIN, async || {
            let has = self.process.has_ended().is_some() || self.log().contains(&told);
            has.then_some(()).ok_or("it has not panicked")
        });
        panicked.await.unwrap();
        let code = self.process.ended().await.code().unwrap_or_default();
        assert!(self.log().contains(&told), "{}", self.log());
        code
    }
}

/// Where its two listeners are.
async fn serves(program: &mut Program) -> (SocketAddr, SocketAddr) {
    let process = &mut program.process;
    process.serves().await;
    let admin = process.admin.trim_start_matches("http://").parse();
    (process.public.unwrap(), admin.unwrap())
}

/// Sends a request on a connection of its own, and gives the status of the answer; none where it is
/// closed without one.
async fn status(address: SocketAddr, request: &str) -> Option<u16> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let asked = async {
        connection.write_all(request.as_bytes()).await?;
        connection.read_to_end(&mut answer).await
    };
    // Closed with bytes that were not read yet, it is reset.
    let _closed_or_reset = timeout(WITHIN, asked).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    Some(status.parse().unwrap())
}

/// The status of a path.
async fn get(address: SocketAddr, path: &str) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    status(address, &request).await
}

async fn metrics(admin: SocketAddr) -> Metrics {
    // Made with what encrypts, which metrics are asked for with.
    drop(webhook_client(WITHIN).unwrap());
    Metrics::of(&format!("http://{admin}")).await.unwrap()
}

/// The files of a certificate for the loopback and of its key.
fn certificate_and_key(folder: &TempDir) -> [String; 2] {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    [
        ("tls.crt", certificate.pem()),
        ("tls.key", key.serialize_pem()),
    ]
    .map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}
