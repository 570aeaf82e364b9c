//! The program `stackone-ingest`, in the library so that tests can run it as a process of their own.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use tokio_util::sync::CancellationToken;

use crate::application::Application;
use crate::cli::{Cli, Command, Healthcheck};
use crate::config::{Config, process_environment};
use crate::signals::Signals;
use crate::{healthcheck, telemetry};

/// Exit code of a configuration that cannot be used; clap's of arguments is the same.
const INVALID_CONFIGURATION: u8 = 2;

/// The program: reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(obey(cli)),
        Err(error) => {
            complain(&[format!("threads cannot be started: {error}")]);
            ExitCode::FAILURE
        }
    }
}

async fn obey(cli: Cli) -> ExitCode {
    let config = match Config::load(cli.config.as_deref(), &process_environment()) {
        Ok(config) => config,
        Err(error) => {
            complain(error.problems());
            return ExitCode::from(INVALID_CONFIGURATION);
        }
    };
    let done = match cli.command.unwrap_or_default() {
        Command::Run => run(&config).await,
        Command::CheckConfig => print(&config),
        Command::Healthcheck(question) => ask(&config, &question),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&[format!("{error:#}")]);
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> anyhow::Result<()> {
    telemetry::init(&config.settings.telemetry)?;
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let application = Application::build(config)?;
    let stop = CancellationToken::new();
    tokio::select! {
        result = application.run(stop.clone()) => Ok(result?),
        () = signals.stop_then_insist(stop) => anyhow::bail!("ended by a second signal"),
    }
}

fn print(config: &Config) -> anyhow::Result<()> {
    io::stdout().write_all(config.to_toml()?.as_bytes())?;
    Ok(())
}

fn ask(config: &Config, question: &Healthcheck) -> anyhow::Result<()> {
    let path = if question.live { "/livez" } else { "/readyz" };
    Ok(healthcheck::ask(config.settings.admin.listen, path)?)
}

/// One line for each problem, on stderr. Where even that cannot be written, the exit code has to do.
fn complain(problems: &[String]) {
    let mut stderr = io::stderr().lock();
    for problem in problems {
        let _unwritable = writeln!(stderr, "stackone-ingest: {problem}");
    }
}
