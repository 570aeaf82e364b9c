//! The processes that are measured, and what they cost.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::broker::make_topics;
use crate::latency::Measured;
use crate::load::Load;
use crate::requests::SECRET;
use crate::strangers::{Bothered, Kind};
use crate::variant::Variant;

/// Of a clock tick in `/proc`: Linux reports 100 a second to programs, whatever it uses itself.
const TICK: Duration = Duration::from_millis(10);

/// The broker; it ends when this is dropped, if we started it.
pub(crate) struct Broker {
    pub(crate) bootstrap_servers: String,
    /// What it is called.
    pub(crate) kind: &'static str,
    _stdin: Option<ChildStdin>,
}

impl Broker {
    /// The one that runs already, or the embedded one, in a process of its own.
    pub(crate) fn start_or_use(running: Option<&str>, partitions: i32) -> anyhow::Result<Self> {
        match running {
            Some(running) => Self::external(running, partitions),
            None => Self::embedded(partitions),
        }
    }

    fn embedded(partitions: i32) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["broker", "--partitions", &partitions.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            bootstrap_servers: first_line(&mut child)?,
            kind: "embedded broker",
            _stdin: child.stdin.take(),
        })
    }

    fn external(bootstrap_servers: &str, partitions: i32) -> anyhow::Result<Self> {
        make_topics(bootstrap_servers, partitions)?;
        Ok(Self {
            bootstrap_servers: bootstrap_servers.to_owned(),
            kind: "Apache Kafka",
            _stdin: None,
        })
    }
}

fn first_line(child: &mut Child) -> anyhow::Result<String> {
    let stdout = child.stdout.as_mut().context("its output is a pipe")?;
    let mut line = String::new();
    // Nothing follows that line before we let it end, so nothing is lost in this buffer.
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Strangers at a service.
pub(crate) struct Guests {
    child: Child,
}

impl Guests {
    /// Starts them, and waits until all are there.
    pub(crate) fn invite(service: &Service, kind: Kind, count: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["strangers", "--kind", kind.name()])
            .args(["--address", &service.address.to_string()])
            .args(["--count", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let line = first_line(&mut child)?;
        anyhow::ensure!(!line.is_empty(), "strangers did not come");
        Ok(Self { child })
    }

    /// Ends them; says what they did.
    pub(crate) fn leave(mut self) -> anyhow::Result<Bothered> {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output()?;
        anyhow::ensure!(output.status.success(), "strangers failed");
        Ok(serde_json::from_slice(&output.stdout)?)
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
        let mut command = match variant {
            Variant::Prototype(records) => {
                let mut command = Command::new(std::env::current_exe()?);
                let value = records.to_possible_value().context("each has a name")?;
                command.args(["prototype", "--records", value.get_name()]);
                command
                    .arg("--bootstrap-servers")
                    .arg(&broker.bootstrap_servers);
                command
            }
            Variant::Shipped
            | Variant::Before
            | Variant::Linger(_)
            | Variant::InFlight(_)
            | Variant::Limit => {
                let mut command = Command::new(program);
                command.arg("--config").arg(&file);
                command
            }
        };
        let mut child = command
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
        command.arg("load").args(load.arguments(self.address));
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
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u32> {
        self.memory("VmRSS:")
    }

    /// The most memory that was ever resident, in KiB.
    pub(crate) fn peak_kib(&self) -> anyhow::Result<u32> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> anyhow::Result<u32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().next());
        Ok(value.context("it is not in proc(5)")?.parse()?)
    }
}

/// The public address in the line it logs when it starts.
fn public_address(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("public")?.as_str()?.parse().ok()
}
