//! `stackone-ingest`: see `--help`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use stackone_ingest::cli::{Cli, Command, Healthcheck};
use stackone_ingest::config::{Config, process_environment};
use stackone_ingest::signals::Signals;
use stackone_ingest::{Application, healthcheck, telemetry};
use tokio_util::sync::CancellationToken;

/// Exit code of a configuration that cannot be used; clap's of arguments is the same.
const INVALID_CONFIGURATION: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
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
