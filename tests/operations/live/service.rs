//! A service as a process of its own.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running service; killed when dropped.
pub(crate) struct Service {
    /// Where operators look: `host:port`.
    pub(crate) admin: String,
    /// Where webhooks go, or pages ask; the processor has none.
    pub(crate) public: Option<String>,
    child: Child,
}

impl Service {
    /// Starts it and waits until it serves.
    pub(crate) async fn start(program: &str, config: &Path, log_format: &str) -> Self {
        let mut child = Command::new(program)
            .arg("--config")
            .arg(config)
            .env_clear()
            .env(log_format, "json")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        loop {
            let line = log.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("{program} ended: {seen}"));
            let told: Value = serde_json::from_str(&line).unwrap_or_default();
            let address = |name: &str| Some(told.get(name)?.as_str()?.to_owned());
            if let Some(admin) = address("admin") {
                let public = address("public");
                // Drained, so that a full pipe never holds it up.
                tokio::spawn(async move { while let Ok(Some(_line)) = log.next_line().await {} });
                return Self {
                    admin,
                    public,
                    child,
                };
            }
            seen.push_str(&line);
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
