//! A service process that is measured.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::broker::Broker;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the service is asked whether it is ready.
const PAUSE: Duration = Duration::from_millis(20);
/// `USER_HZ`, which is 100 on every Linux.
const TICKS_A_SECOND: f64 = 100.0;

/// A service process; dropping it kills the process.
pub(crate) struct Service {
    child: Child,
    admin: SocketAddr,
    started: Instant,
}

/// The cost of a start.
pub(crate) struct Cost {
    /// User and system time together.
    pub(crate) cpu_seconds: f64,
    /// The time until the service was ready.
    pub(crate) seconds: f64,
    /// The memory in use when it was ready.
    pub(crate) mebibytes: f64,
    /// The most that was in use until then.
    pub(crate) peak_mebibytes: f64,
}

impl Service {
    /// Starts the service on the states in `topic`.
    pub(crate) fn start(program: &Path, broker: &Broker, topic: &str) -> anyhow::Result<Self> {
        let (public, admin) = (free_address()?, free_address()?);
        let started = Instant::now();
        let child = Command::new(program)
            .env("CONNECT__KAFKA__BOOTSTRAP_SERVERS", broker.address())
            .env("CONNECT__SERVER__LISTEN", public.to_string())
            .env("CONNECT__ADMIN__LISTEN", admin.to_string())
            .env("CONNECT__TOPICS__STATE", topic)
            .env("CONNECT__TELEMETRY__FILTER", "warn")
            .env("STACKONE_CONNECT_TOKEN_KEY", "0123456789abcdef".repeat(4))
            .env("STACKONE_CONNECT_API_KEY", "bench")
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self {
            child,
            admin,
            started,
        })
    }

    /// Waits until the service is ready with so many accounts, and returns the cost.
    pub(crate) fn cost(mut self, accounts: u32) -> anyhow::Result<Cost> {
        while !self.ask("/readyz").is_ok_and(|answer| is_ok(&answer)) {
            anyhow::ensure!(self.child.try_wait()?.is_none(), "the service ended");
            anyhow::ensure!(self.started.elapsed() < PATIENCE, "it does not get ready");
            thread::sleep(PAUSE);
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let cost = Cost {
            cpu_seconds: self.cpu_seconds()?,
            seconds,
            mebibytes: self.mebibytes("VmRSS")?,
            peak_mebibytes: self.mebibytes("VmHWM")?,
        };
        let line = format!("stackone_connect_accounts {accounts}");
        let metrics = self.ask("/metrics")?;
        let has_all = metrics.lines().any(|one| one == line);
        anyhow::ensure!(has_all, "it is ready without {accounts} accounts");
        Ok(cost)
    }

    fn ask(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.admin)?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = self.proc("stat")?;
        // The name is in parentheses and may contain blanks; user and system time are the 12th and
        // 13th field after it.
        let (_, fields) = stat.rsplit_once(')').context("no stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / TICKS_A_SECOND)
    }

    fn mebibytes(&self, name: &str) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let line = lines.find(|(of, _)| *of == name);
        let value = line.and_then(|(_, value)| value.split_whitespace().next());
        let kibibytes: f64 = value.context("no such line of memory")?.parse()?;
        Ok(kibibytes / 1024.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        Ok(fs::read_to_string(format!(
            "/proc/{}/{file}",
            self.child.id()
        ))?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_ok(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200")
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
