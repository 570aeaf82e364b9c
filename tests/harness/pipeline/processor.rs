//! A processor under test: in this process, or as a process of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use stackone_processor::application::Application;
use stackone_processor::config::Config;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Disturbance, WITHIN};
use crate::eventually;

/// A processor in this process, through its production wiring.
pub struct ProcessorInProcess {
    /// Where its operators look.
    pub admin: String,
    /// Stops it also when a test fails: its thread would keep the test's runtime waiting for ever.
    stop: DropGuard,
    running: JoinHandle<anyhow::Result<()>>,
}

impl ProcessorInProcess {
    pub(super) fn start(file: &Path) -> anyhow::Result<Self> {
        let application = Application::build(&Config::load(Some(file), &HashMap::new())?)?;
        let admin = format!("http://{}", application.admin_addr());
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let running = tokio::spawn(async move { Ok(application.run(stopping).await?) });
        Ok(Self {
            admin,
            stop: stop.drop_guard(),
            running,
        })
    }

    /// Stops it as SIGTERM does.
    ///
    /// # Errors
    ///
    /// Where it did not end well.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.stop);
        self.running.await.context("the processor died")?
    }
}

/// A processor as a process of its own.
pub struct ProcessorProcess {
    /// Where its operators look.
    pub admin: SocketAddr,
    /// The file that is there while it is held in a transaction.
    pub(super) held: PathBuf,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    log: JoinHandle<()>,
}

impl ProcessorProcess {
    /// Starts a processor. Only `processor-under-test` understands a disturbance.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn start(
        program: &str,
        file: &Path,
        disturbance: Disturbance,
    ) -> anyhow::Result<Self> {
        let held = file.with_extension("held");
        let mut child = Command::new(program)
            .args(disturbance.arguments(&held)?)
            .arg("--config")
            .arg(file)
            .env("PROCESSOR__TELEMETRY__FORMAT", "json")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let stderr = child.stderr.take().context("stderr is a pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut seen = String::new();
        let admin = loop {
            let line = lines.next_line().await?;
            let line = line.with_context(|| format!("the processor ended: {seen}"))?;
            if let Some(admin) = admin_address(&line) {
                break admin;
            }
            seen.push_str(&line);
        };
        // Drained, so that a full pipe never blocks it; what a failing test shows is what it logged as a warning or worse.
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let is_quiet = |level| line.contains(&format!("\"level\":\"{level}\""));
                if !["INFO", "DEBUG", "TRACE"].into_iter().any(is_quiet) {
                    use std::io::Write as _;
                    drop(writeln!(std::io::stderr(), "{line}"));
                }
                heard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Ok(Self {
            admin,
            held,
            child,
            lines: said,
            log,
        })
    }

    /// The lines with `text` among those that it logged since it started.
    #[must_use]
    pub fn logged(&self, text: &str) -> Vec<String> {
        let said = self.said();
        let lines = said.iter().filter(|line| line.contains(text));
        lines.cloned().collect()
    }

    /// What it has logged since it started.
    pub(super) fn said(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// SIGKILL: it gets no chance to do anything.
    ///
    /// # Errors
    ///
    /// Where it was not running any more.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.child.try_wait()?.is_none(),
            "the processor ended before it was killed"
        );
        self.child.kill().await?;
        self.log.await?;
        Ok(())
    }

    /// Its process id, for signals.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Errors
    ///
    /// Where it does not end in time.
    pub async fn terminate(self) -> anyhow::Result<ExitStatus> {
        Ok(self.stopped().await?.0)
    }

    /// The same, and all that it had logged by its end.
    ///
    /// # Errors
    ///
    /// Where it does not end in time.
    pub async fn stopped(mut self) -> anyhow::Result<(ExitStatus, Vec<String>)> {
        self.signal("TERM").await?;
        let child = &mut self.child;
        let ended = eventually("the processor ends", WITHIN, async || {
            child
                .try_wait()
                .map_err(|error| error.to_string())?
                .ok_or_else(|| "it runs".to_owned())
        });
        let status = ended.await?;
        self.log.await?;
        let said = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((status, said.clone()))
    }
}

/// The address in the line it logs when it starts.
fn admin_address(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("admin")?.as_str()?.parse().ok()
}
