//! The processes that are measured.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;

/// A process that ends when this is dropped.
pub(crate) struct Child {
    child: std::process::Child,
    _stdin: Option<ChildStdin>,
}

impl Child {
    /// This program with `arguments`, once it told its address in a line.
    pub(crate) fn telling_its_address(arguments: &[&str]) -> anyhow::Result<(Self, String)> {
        let (child, mut lines) = Self::telling(arguments)?;
        let address = lines.next().context("it ended")??;
        Ok((child, address))
    }

    /// This program with `arguments`, and what it tells.
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

    /// This program with `arguments`, and its log.
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

    /// A line of `/proc/PID/status`, in MiB.
    pub(crate) fn mebibytes(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        let kibibytes: f64 = value.with_context(|| format!("no {name}"))?.parse()?;
        Ok(kibibytes / 1024.0)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
