//! Processors under test: in this process, as processes of their own, and their commands.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::Context;
use stackone_processor::application::Application;
use stackone_processor::config::Config;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::witness::Witness;
use super::{Disturbance, Guest, Pipeline, WITHIN};
use crate::service::{ServiceProcess, program};

/// A processor in this process, through its production wiring.
pub struct ProcessorInProcess {
    /// Where its operators look.
    pub admin: String,
    /// Speaks before it is stopped.
    _witness: Witness,
    /// Stops it also when a test fails: its thread would keep the test's runtime waiting for ever.
    stop: DropGuard,
    running: JoinHandle<anyhow::Result<()>>,
    guest: Guest,
}

impl ProcessorInProcess {
    pub(super) fn start(file: &Path, guest: Guest) -> anyhow::Result<Self> {
        let application = Application::build(&Config::load(Some(file), &HashMap::new())?)?;
        let admin = format!("http://{}", application.admin_addr());
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let running = tokio::spawn(async move { Ok(application.run(stopping).await?) });
        Ok(Self {
            _witness: Witness(admin.clone()),
            admin,
            stop: stop.drop_guard(),
            running,
            guest,
        })
    }

    /// Stops it as SIGTERM does.
    ///
    /// # Errors
    ///
    /// Where it did not end well.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.stop);
        let ended = self.running.await.context("the processor died")?;
        self.guest.leaves();
        ended
    }
}

impl Pipeline {
    /// Starts a processor as a process of its own, which can be killed.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn processor_process(&self, instance: &str) -> ServiceProcess {
        let disturbance = Disturbance::default();
        self.disturbed_process(instance, disturbance).await
    }

    /// The same, with something done to it.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn disturbed_process(
        &self,
        instance: &str,
        disturbance: Disturbance,
    ) -> ServiceProcess {
        let file = self.file_of(instance);
        let held = file.with_extension("held");
        let mut command = Command::new(program("processor"));
        let arguments = disturbance.arguments(&held).expect("a path is text");
        command.args(arguments).arg("--config").arg(file);
        let mut process = ServiceProcess::start(command).await;
        process.held = held;
        process.guest = self.guests.join(&format!("processor {instance}"));
        process
    }

    /// `stackone-processor` with these arguments, configured as the processors are.
    ///
    /// # Panics
    ///
    /// Where its configuration cannot be written.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("processor"));
        command.arg("--config").arg(self.file_of("command"));
        command.args(arguments).kill_on_drop(true);
        command
    }

    /// What becomes of such a command.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub async fn ended(&self, arguments: &[&str]) -> Output {
        ended(self.command(arguments)).await
    }

    /// What it says on stdout where it goes well.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub async fn told(&self, arguments: &[&str]) -> String {
        let output = self.ended(arguments).await;
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {trouble}");
        String::from_utf8(output.stdout).expect("a command writes text")
    }

    fn file_of(&self, instance: &str) -> PathBuf {
        let file = self.processor_file(instance);
        file.unwrap_or_else(|error| panic!("no configuration of {instance}: {error}"))
    }
}

/// What becomes of a command.
///
/// # Panics
///
/// Where it does not end.
pub async fn ended(mut command: Command) -> Output {
    let output = tokio::time::timeout(WITHIN, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} does not end"));
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
