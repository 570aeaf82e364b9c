//! The processes of a measurement.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;

/// `USER_HZ`, which is 100 on every Linux.
const TICKS_A_SECOND: f64 = 100.0;

/// A process. Dropping it ends the process.
pub(crate) struct Child {
    child: std::process::Child,
    _stdin: Option<ChildStdin>,
}

impl Child {
    /// Starts this program with `arguments`, and waits for the line with its address.
    pub(crate) fn telling_its_address(arguments: &[&str]) -> anyhow::Result<(Self, String)> {
        let (child, mut lines) = Self::telling(arguments)?;
        let address = lines.next().context("it ended")??;
        Ok((child, address))
    }

    /// Starts this program with `arguments`, and returns its output.
    pub(crate) fn telling(
        arguments: &[&str],
    ) -> anyhow::Result<(Self, Lines<BufReader<ChildStdout>>)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let stdin = child.stdin.take();
        Ok((
            Self {
                child,
                _stdin: stdin,
            },
            BufReader::new(stdout).lines(),
        ))
    }

    /// Starts this program with `arguments`, and returns its log.
    pub(crate) fn logging(
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<(Self, Lines<BufReader<ChildStderr>>)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().context("its log is a pipe")?;
        Ok((
            Self {
                child,
                _stdin: None,
            },
            BufReader::new(stderr).lines(),
        ))
    }

    /// Returns the CPU time of the process so far.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Returns a line of `/proc/PID/status`, in MiB.
    pub(crate) fn mebibytes(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        let kibibytes: f64 = value.with_context(|| format!("no {name}"))?.parse()?;
        Ok(kibibytes / 1024.0)
    }
}

/// Returns the CPU time of a process so far: `PID`, or `self`.
pub(crate) fn cpu_seconds(process: &str) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name is in parentheses and may contain blanks; user and system time are the 12th and 13th
    // field after it.
    let (_, fields) = stat.rsplit_once(')').context("no stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_A_SECOND)
}

impl Drop for Child {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
