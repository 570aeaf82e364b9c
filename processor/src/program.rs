//! The program `stackone-processor`, in the library so that tests can run it as a process of their own.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use crate::application::Application;
use crate::cli::{Cli, Command, Healthcheck, Resync, StateCommand};
use crate::config::{Config, process_environment};
use crate::signals::Signals;
use crate::state_view::Selection;
use crate::{healthcheck, state_view, telemetry, topics};
use anyhow::Context as _;
use clap::Parser as _;
use stackone_link_schemas::AccountId;
use tokio_util::sync::CancellationToken;

/// How long threads that wait for Kafka may take to end once everything else has.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// Exit code of a configuration that cannot be used; clap's of arguments is the same.
const INVALID_CONFIGURATION: u8 = 2;

/// The program: reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let code = runtime.block_on(obey(cli));
            // A thread that still waits for Kafka must not keep a process that is done: nothing it could do matters.
            runtime.shutdown_timeout(AFTERWARDS);
            code
        }
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
        Command::Resync(asked) => resync(&config, &asked).await,
        Command::State(command) => show(&config, command).await,
        Command::Topics(command) => topics::run(command, &config.settings, &mut io::stdout()).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&[one_line(&error)]);
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

async fn resync(config: &Config, asked: &Resync) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let (settings, projects) = (
        config.settings.resync(),
        crate::application::projects(config)?,
    );
    tokio::select! {
        result = crate::resync::command(&settings, &projects, asked.project.as_deref(), &stop) => result,
        () = signals.stop_then_insist(stop.clone()) => anyhow::bail!("ended by a second signal"),
    }
}

async fn show(config: &Config, command: StateCommand) -> anyhow::Result<()> {
    let selection = match command {
        StateCommand::List { status, json } => Selection {
            status,
            json,
            ..Selection::default()
        },
        StateCommand::Get { account, json } => {
            let account = AccountId::try_from(account)?;
            Selection {
                account: Some(account),
                json,
                ..Selection::default()
            }
        }
    };
    state_view::run(&config.settings, selection, io::stdout()).await
}

fn print(config: &Config) -> anyhow::Result<()> {
    io::stdout().write_all(config.to_toml()?.as_bytes())?;
    Ok(())
}

fn ask(config: &Config, question: &Healthcheck) -> anyhow::Result<()> {
    let path = if question.live { "/livez" } else { "/readyz" };
    Ok(healthcheck::ask(config.settings.admin.listen, path)?)
}

/// An error and its causes in one line, without those that the line says already.
fn one_line(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |line, cause| {
            if line.is_empty() {
                cause
            } else if line.contains(&cause) {
                line
            } else {
                format!("{line}: {cause}")
            }
        })
}

/// One line for each problem, on stderr. Where even that cannot be written, the exit code has to do.
fn complain(problems: &[String]) {
    let mut stderr = io::stderr().lock();
    for problem in problems {
        let _unwritable = writeln!(stderr, "stackone-processor: {problem}");
    }
}
