//! A service that listens to others as a process of its own, which can be killed.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::{WITHIN, eventually};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running service; killed when dropped.
pub(crate) struct ServiceProcess {
    /// Where others come.
    pub(crate) public: SocketAddr,
    /// Where operators look.
    #[cfg_attr(
        not(feature = "kafka-tls"),
        expect(dead_code, reason = "only tests of rotation look there")
    )]
    pub(crate) admin: SocketAddr,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl ServiceProcess {
    /// Starts it, which writes its log as JSON, and waits until it serves.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let [public, admin] = loop {
            let line = log.next_line().await.unwrap();
            assert!(line.is_some(), "the service ended: {seen}");
            let line = line.unwrap();
            if let Some(addresses) = addresses(&line) {
                break addresses;
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
        Self {
            public,
            admin,
            child,
            lines,
        }
    }

    /// Waits for so many lines of its log with this text.
    pub(crate) async fn logged(&self, text: &str, times: usize, within: Duration) -> Vec<String> {
        let logged = eventually(text, within, async || {
            let all = self.lines.lock().unwrap();
            let lines = all.iter().filter(|line| line.contains(text));
            let lines: Vec<_> = lines.cloned().collect();
            if lines.len() < times {
                return Err(all.join("\n"));
            }
            Ok(lines)
        });
        logged.await.unwrap()
    }

    /// SIGKILL: it gets no chance to do anything.
    pub(crate) async fn kill(mut self) {
        let ended = self.child.try_wait().unwrap();
        assert_eq!(ended, None, "the service ended before it was killed");
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
        let ended = eventually("the service ends", WITHIN, async || {
            self.child.try_wait().unwrap().ok_or("it runs")
        });
        ended.await.unwrap()
    }
}

/// The addresses in the line it logs when it starts.
fn addresses(line: &str) -> Option<[SocketAddr; 2]> {
    let line: Value = serde_json::from_str(line).ok()?;
    let address = |name| line.get(name)?.as_str()?.parse().ok();
    Some([address("public")?, address("admin")?])
}
