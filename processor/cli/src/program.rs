//! The program, as a library: tests run it as a process of their own.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use stackone_link_process::panics::Panics;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::secret::Place;
use stackone_link_process::settings::{Ignored, log_ignored};
use stackone_link_process::{process_environment, signals, telemetry};
use stackone_processor::application::Application;
use stackone_processor::config::{Config, LAYERS};
use stackone_processor::transaction::{Around, Undisturbed};

use crate::arguments::Cli;
use crate::commands::Command;

/// The name at the beginning of its lines on stderr.
const NAME: &str = "stackone-processor";

/// The whole program: reads the command line and the environment, runs the command, and returns the
/// exit code.
#[must_use]
pub fn main() -> ExitCode {
    main_disturbed_by(std::env::args_os(), Arc::new(Undisturbed))
}

/// The program with a given command line, and with a test's faults between the steps of its
/// transactions.
#[must_use]
pub fn main_disturbed_by(
    arguments: impl Iterator<Item = OsString>,
    around: Arc<dyn Around>,
) -> ExitCode {
    match program::parse(arguments) {
        Ok(cli) => program::run(NAME, Panics::EndProcess, obey(cli, around)),
        Err(code) => code,
    }
}

async fn obey(cli: Cli, around: Arc<dyn Around>) -> Result<(), Failure> {
    let (file, environment) = (cli.config.as_deref(), process_environment());
    let command = cli.command.unwrap_or_default();
    if let Command::Healthcheck(question) = command {
        let answer = question.ask(Config::admin_listen(file, &environment)?);
        return Ok(answer.map_err(anyhow::Error::from)?);
    }
    let ignored = LAYERS.ignored(&environment);
    if !matches!(command, Command::Run) {
        program::warn(NAME, &ignored);
    }
    if !command.needs_api_keys() {
        let settings = Config::settings(file, &environment)?;
        return Ok(command.without_keys(&settings).await?);
    }
    let config = Config::load(file, &environment).inspect_err(|_told_later| {
        // An unused setting may be the misspelt name of a missing one.
        if matches!(command, Command::Run) {
            program::warn(NAME, &ignored);
        }
    })?;
    if matches!(command, Command::Run) {
        return Ok(process(&config, &ignored, around).await?);
    }
    warn_of_odd_keys(&config);
    Ok(command.with_keys(&config).await?)
}

fn warn_of_odd_keys(config: &Config) {
    let odd = config.odd_api_keys.iter();
    let told =
        odd.map(|(project, oddity)| format!("projects.{project}: {oddity}, and is taken as it is"));
    program::warn(NAME, told);
}

async fn process(
    config: &Config,
    ignored: &[Ignored],
    around: Arc<dyn Around>,
) -> anyhow::Result<()> {
    let logs = &config.settings.telemetry;
    telemetry::init(logs.format, &logs.filter)?;
    log_ignored(ignored);
    // The task that reads key files again reports theirs.
    let odd = config.odd_api_keys.iter();
    for (project, oddity) in odd.filter(|(_, odd)| matches!(odd.place, Place::Variable(_))) {
        tracing::warn!(project, %oddity, "the API key is taken as it is");
    }
    signals::until_stopped(async |stop| {
        let application = Application::build(config)?.disturbed_by(around);
        Ok(application.run(stop).await?)
    })
    .await
}
