//! Removes a container, and a network of its own, when the process that needs it has ended, however
//! it ended.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// Waits for the end of its input, which comes with the end of the test process, then removes the
/// container. The last one of a network removes that, too.
const SCRIPT: &str = r#"cat >/dev/null; docker rm --force --volumes "$0"; [ -z "$1" ] || exec docker network rm "$1""#;

/// A process that outlives this one by a moment. Destructors of statics never run, and none runs
/// after a SIGKILL; the end of a pipe is noticed in any case.
pub(crate) struct Reaper {
    _process: Child,
}

impl Reaper {
    /// Watches over the container `name`, which need not exist yet.
    pub(crate) fn watch(name: &str, network: Option<&str>) -> anyhow::Result<Self> {
        // Fails here, with a name, rather than by leaving containers behind.
        let docker = Command::new("docker").arg("--version").output();
        docker.context("the command `docker`, which removes containers, cannot be run")?;
        let process = Command::new("sh")
            .args(["-c", SCRIPT, name, network.unwrap_or_default()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, so that Ctrl-C at a terminal does not end it before its work.
            .process_group(0)
            .spawn()
            .context("the process that removes containers cannot be started")?;
        Ok(Self { _process: process })
    }
}
