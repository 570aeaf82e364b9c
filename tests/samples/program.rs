//! A sample that runs, and what it prints.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use harness::{Pipeline, WITHIN, eventually};
use serde::Deserialize;
use stackone_link_transport::Topic;
use stackone_simulator::AccountId;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// What a sample prints for each change that it makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line {
    pub(crate) account_id: String,
    pub(crate) version: u64,
    pub(crate) why: String,
}

/// A sample that runs.
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
    reading: JoinHandle<()>,
}

impl Program {
    /// Starts it with its database in `folder`.
    pub(crate) fn start(
        command: &[String],
        pipeline: &Pipeline,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        let group = folder.file_name().unwrap_or_default();
        let mut child = Command::new(program)
            .args(arguments)
            .env(
                "KAFKA_BOOTSTRAP_SERVERS",
                pipeline.broker.bootstrap_servers(),
            )
            .env("STATE_TOPIC", pipeline.topics.name(Topic::State))
            .env("LIFECYCLE_TOPIC", pipeline.topics.name(Topic::Lifecycle))
            .env("GROUP_ID", group)
            .env("DATABASE", folder.join("accounts.db"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let mut output = BufReader::new(child.stdout.take().context("stdout is a pipe")?).lines();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        let reading = tokio::spawn(async move {
            while let Some(line) = output.next_line().await.unwrap() {
                let line = serde_json::from_str(&line)
                    .unwrap_or_else(|_| panic!("no line of a sample: {line}"));
                written.lock().unwrap().push(line);
            }
        });
        Ok(Self {
            child,
            lines,
            reading,
        })
    }

    /// Waits until it knows these versions.
    pub(crate) async fn took(&mut self, wanted: &[(&AccountId, u64)]) {
        let is_there = |lines: &[Line], account: &AccountId, version: u64| {
            let is_it =
                |line: &Line| line.account_id == account.as_str() && line.version == version;
            lines.iter().any(is_it)
        };
        self.printed_until(|lines| {
            let mut wanted = wanted.iter();
            wanted.all(|(account, version)| is_there(lines, account, *version))
        })
        .await;
    }

    /// Why it took the first version of an account.
    pub(crate) fn why(&self, account: &AccountId) -> String {
        let lines = self.lines.lock().unwrap();
        let of_account = lines
            .iter()
            .find(|line| line.account_id == account.as_str());
        of_account.unwrap().why.clone()
    }

    async fn printed_until(&mut self, condition: impl Fn(&[Line]) -> bool) {
        let Self { child, lines, .. } = self;
        let told = eventually("the sample takes the changes", WITHIN, async || {
            let lines = lines.lock().unwrap().clone();
            let ended = child.try_wait().unwrap();
            let told = format!("{lines:?}; ended: {ended:?}");
            condition(&lines).then_some(()).ok_or(told)
        });
        told.await.unwrap();
    }

    /// SIGTERM, which it must end well on. What it printed.
    pub(crate) async fn terminate(mut self) -> Vec<Line> {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap();
        assert!(sent.success(), "SIGTERM could not be sent");
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        let ended = ended.unwrap().unwrap();
        // A JVM that a signal ended says so.
        assert!(
            ended.success() || ended.code() == Some(128 + 15),
            "{ended:?}"
        );
        self.printed().await
    }

    /// SIGKILL. What it had printed.
    pub(crate) async fn kill(mut self) -> Vec<Line> {
        self.child.kill().await.unwrap();
        self.printed().await
    }

    async fn printed(self) -> Vec<Line> {
        self.reading.await.unwrap();
        let lines = self.lines.lock().unwrap();
        lines.clone()
    }
}
