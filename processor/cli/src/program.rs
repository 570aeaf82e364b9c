//! The program `stackone-processor`, in the library so that tests can run it as a process of their own.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use stackone_link_process::panics::Panics;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::secret::Place;
use stackone_link_process::settings::{Ignored, log_ignored};
use stackone_link_process::stdout::stdout;
use stackone_link_process::{process_environment, signals, telemetry};
use stackone_processor::application::Application;
use stackone_processor::config::{Config, LAYERS, Settings};
use stackone_processor::transaction::{Around, Undisturbed};
use stackone_processor_operate::redrive::RedriveSettings;

use crate::arguments::{Cli, Command, RedriveArguments, ResyncArguments, StateCommand};
use crate::state::StateSelection;
use crate::{acls, contact, doctor, explain, look, resync, state, topics, unlinks};

/// What it calls itself on stderr.
const NAME: &str = "stackone-processor";

/// The program: reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    main_disturbed_by(std::env::args_os(), Arc::new(Undisturbed))
}

/// The program with another command line, and with a test standing around the steps of its transactions.
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
    if !needs_api_keys(&command) {
        return Ok(without_keys(&Config::settings(file, &environment)?, command).await?);
    }
    let config = Config::load(file, &environment).inspect_err(|_told_later| {
        // One that sets nothing may be why another is missing.
        if matches!(command, Command::Run) {
            program::warn(NAME, &ignored);
        }
    })?;
    if !matches!(command, Command::Run) {
        warn_of_odd_keys(&config);
    }
    let done = match command {
        Command::Run => process(&config, &ignored, around).await,
        Command::CheckConfig => print(&config),
        Command::Doctor(asked) => doctor::run(&config, &asked, &mut stdout()).await,
        Command::Explain(asked) => explain::and_ask(&config, &asked, &mut stdout()).await,
        Command::Resync(asked) => list(&config, &asked).await,
        other @ (Command::Acls(_)
        | Command::Healthcheck(_)
        | Command::Look(_)
        | Command::Redrive(_)
        | Command::State(_)
        | Command::Topics(_)
        | Command::Unlinks(_)) => without_keys(&config.settings, other).await,
    };
    Ok(done?)
}

fn warn_of_odd_keys(config: &Config) {
    let odd = config.odd_api_keys.iter();
    let told =
        odd.map(|(project, oddity)| format!("projects.{project}: {oddity}, and is taken as it is"));
    program::warn(NAME, told);
}

/// Whether it asks the accounts API, or tells whether the service could.
const fn needs_api_keys(command: &Command) -> bool {
    match command {
        Command::Explain(asked) => asked.ask,
        Command::Run | Command::CheckConfig | Command::Doctor(_) | Command::Resync(_) => true,
        Command::Acls(_)
        | Command::Healthcheck(_)
        | Command::Look(_)
        | Command::Redrive(_)
        | Command::State(_)
        | Command::Topics(_)
        | Command::Unlinks(_) => false,
    }
}

async fn without_keys(settings: &Settings, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Acls(asked) => acls::run(settings, &asked, &mut stdout()),
        Command::Explain(asked) => explain::run(settings, &asked, &mut stdout()).await,
        Command::Look(asked) => look::run(settings, &asked, &mut stdout()).await,
        Command::Redrive(asked) => redrive(settings, asked).await,
        Command::State(command) => show(settings, command).await,
        Command::Topics(command) => topics::run(command, settings, &mut stdout()).await,
        Command::Unlinks(command) => {
            contact::made(&settings.kafka).await?;
            unlinks::run(command, settings, &mut stdout()).await
        }
        Command::Run
        | Command::CheckConfig
        | Command::Doctor(_)
        | Command::Healthcheck(_)
        | Command::Resync(_) => Ok(()),
    }
}

async fn process(
    config: &Config,
    ignored: &[Ignored],
    around: Arc<dyn Around>,
) -> anyhow::Result<()> {
    let logs = &config.settings.telemetry;
    telemetry::init(logs.format, &logs.filter)?;
    log_ignored(ignored);
    // Of files it is told by who reads them again.
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

async fn list(config: &Config, asked: &ResyncArguments) -> anyhow::Result<()> {
    contact::made(&config.settings.kafka).await?;
    let only = asked.project.as_deref();
    signals::until_stopped(async |stop| resync::run(config, only, &stop).await).await
}

async fn redrive(settings: &Settings, asked: RedriveArguments) -> anyhow::Result<()> {
    contact::made(&settings.kafka).await?;
    let settings = RedriveSettings::of(settings);
    let (selection, mode, shown) = asked.into_parts();
    signals::until_stopped(async |stop| {
        crate::redrive::command(settings, selection, mode, shown, stop).await
    })
    .await
}

async fn show(settings: &Settings, command: StateCommand) -> anyhow::Result<()> {
    let selection = match command {
        StateCommand::List { status, json } => StateSelection {
            status,
            json,
            ..StateSelection::default()
        },
        StateCommand::Get { account, json } => StateSelection {
            account: Some(account),
            json,
            ..StateSelection::default()
        },
    };
    contact::made(&settings.kafka).await?;
    state::run(settings, selection, stdout()).await
}

fn print(config: &Config) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(config.to_toml()?.as_bytes())?;
    Ok(out.flush()?)
}
