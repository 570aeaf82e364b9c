//! Ingest as a process of its own, which can be killed, and the broker it writes to.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "kafka-tls")]
use harness::Pipeline;
use harness::{SECRET, WITHIN, eventually};
use serde_json::Value;
use stackone_link_wire::Topics;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ingest-under-test");

/// A running ingest; killed when dropped.
pub(crate) struct IngestProcess {
    pub(crate) url: Url,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl IngestProcess {
    /// Starts it and waits until it serves; whether it has found its broker is another matter.
    pub(crate) async fn start(servers: &str, topics: &Topics, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("STACKONE_WEBHOOK_SECRET", SECRET)
            .env("INGEST__SERVER__LISTEN", "127.0.0.1:0")
            .env("INGEST__ADMIN__LISTEN", "127.0.0.1:0")
            .env("INGEST__KAFKA__BOOTSTRAP_SERVERS", servers)
            .env("INGEST__TOPICS__ACCOUNT_EVENTS", &topics.account_events)
            .env("INGEST__TOPICS__RECORD_EVENTS", &topics.record_events)
            .env("INGEST__TOPICS__UNRECOGNIZED", &topics.unrecognized);
        for (name, value) in settings {
            command.env(name, value);
        }
        Self::run(command).await
    }

    /// The same with the configuration of a pipeline's own.
    #[cfg(feature = "kafka-tls")]
    pub(crate) async fn like_that_of(pipeline: &Pipeline) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(pipeline.ingest_file());
        command.env_clear().env("WEBHOOK_SECRET", SECRET);
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Self {
        let mut child = command
            .env("INGEST__TELEMETRY__FORMAT", "json")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let public = loop {
            let line = log.next_line().await.unwrap();
            assert!(line.is_some(), "ingest ended: {seen}");
            let line = line.unwrap();
            if let Some(public) = public_address(&line) {
                break public;
            }
            seen.push_str(&line);
        };
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        // Drained, so that a full pipe never holds it up.
        tokio::spawn(async move {
            while let Ok(Some(line)) = log.next_line().await {
                heard.lock().unwrap().push(line);
            }
        });
        let url = format!("http://{public}/webhooks/stackone/default");
        let url = url.parse().unwrap();
        Self { url, child, lines }
    }

    /// Waits for lines of its log with this text.
    pub(crate) async fn logged(&self, text: &str, within: Duration) -> Vec<String> {
        let logged = eventually(text, within, async || {
            let all = self.lines.lock().unwrap();
            let lines = all.iter().filter(|line| line.contains(text));
            let lines: Vec<_> = lines.cloned().collect();
            if lines.is_empty() {
                return Err(all.join("\n"));
            }
            Ok(lines)
        });
        logged.await.unwrap()
    }

    /// SIGKILL: it gets no chance to do anything.
    pub(crate) async fn kill(mut self) {
        let ended = self.child.try_wait().unwrap();
        assert_eq!(ended, None, "ingest ended before it was killed");
        self.child.kill().await.unwrap();
    }

    /// SIGTERM; it goes on until it is done.
    pub(crate) async fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.unwrap().success(), "SIGTERM could not be sent");
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let ended = eventually("ingest ends", WITHIN, async || {
            self.child.try_wait().unwrap().ok_or("it runs")
        });
        ended.await.unwrap()
    }
}

/// The public address in the line it logs when it starts.
fn public_address(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("public")?.as_str()?.parse().ok()
}
