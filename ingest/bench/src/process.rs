//! The processes that are measured, and what they cost.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::latency::Measured;
use crate::load::Load;
use crate::requests::SECRET;
use crate::variant::Variant;

/// Of a clock tick in `/proc`: Linux reports 100 a second to programs, whatever it uses itself.
const TICK: Duration = Duration::from_millis(10);

/// The broker; it ends when this is dropped.
pub(crate) struct Broker {
    pub(crate) bootstrap_servers: String,
    _stdin: Option<ChildStdin>,
}

impl Broker {
    /// The embedded one, in a process of its own.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("broker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self {
            bootstrap_servers: line.trim().to_owned(),
            _stdin: child.stdin.take(),
        })
    }

    /// One that runs already.
    pub(crate) fn external(bootstrap_servers: String) -> Self {
        Self {
            bootstrap_servers,
            _stdin: None,
        }
    }
}

/// A service; killed when dropped.
pub(crate) struct Service {
    pub(crate) variant: Variant,
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
    }
}

impl Service {
    pub(crate) fn start(program: &Path, variant: Variant, broker: &Broker) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let file = folder.path().join("ingest.toml");
        fs::write(&file, variant.toml(&broker.bootstrap_servers))?;
        let mut child = Command::new(program)
            .arg("--config")
            .arg(&file)
            .env("STACKONE_WEBHOOK_SECRET", SECRET)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let stderr = child.stderr.take().context("its log is a pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        let address = loop {
            let line = lines.next().context("ingest ended")??;
            if let Some(address) = public_address(&line) {
                break address;
            }
        };
        // Drained, so that a full pipe never holds it up.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            variant,
            address,
            child,
            _folder: folder,
        })
    }

    /// Puts load on it; gives what was measured, and how much processor time an answer took.
    pub(crate) fn under(&self, load: &Load) -> anyhow::Result<(Measured, Duration)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["load", "--address", &self.address.to_string()]);
        command.args(["--connections", &load.connections.to_string()]);
        command.args(["--size", &load.size.to_string()]);
        command.args(["--milliseconds", &load.milliseconds.to_string()]);
        if let Some(rate) = load.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let before = self.processor_time()?;
        let output = command.stderr(Stdio::inherit()).output()?;
        anyhow::ensure!(output.status.success(), "the load generator failed");
        let measured: Measured = serde_json::from_slice(&output.stdout)?;
        let each = (self.processor_time()? - before) / measured.posted.max(1);
        Ok((measured, each))
    }

    /// Time on processors so far, in user and kernel mode: fields 14 and 15 of proc(5).
    fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").context("no fields")?;
        let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
        let user = times.next().context("no user time")??;
        let system = times.next().context("no system time")??;
        Ok(TICK * (user + system))
    }

    /// Resident memory now, in KiB.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let value = line.and_then(|line| line.split_whitespace().next());
        Ok(value.context("no VmRSS")?.parse()?)
    }
}

/// The public address in the line it logs when it starts.
fn public_address(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("public")?.as_str()?.parse().ok()
}
