//! The program `stackone-ingest`, in the library so that tests can run it as a process of their own.

use std::io::Write as _;
use std::process::ExitCode;

use stackone_link_process::panics::Panics;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::stdout::stdout;
use stackone_link_process::{process_environment, signals, stderr, telemetry};
use stackone_link_transport::StartError;

use crate::application::{Application, BuildError};
use crate::cli::{Cli, Command};
use crate::config::{Config, Settings};
use crate::listeners::open_files::make_room;
use crate::producer::Producer;

/// What it calls itself on stderr.
const NAME: &str = "stackone-ingest";

/// The program: reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    match program::parse(std::env::args_os()) {
        Ok(cli) => program::run(NAME, Panics::EndTask, obey(cli)),
        Err(code) => code,
    }
}

async fn obey(cli: Cli) -> Result<(), Failure> {
    let (file, environment) = (cli.config.as_deref(), process_environment());
    let load = || Config::load(file, &environment);
    match cli.command.unwrap_or_default() {
        Command::Run => serve(&mut load()?).await.map_err(sorted),
        Command::CheckConfig => check(&load()?),
        Command::Healthcheck(question) => {
            let answer = question.ask(Config::admin_listen(file, &environment)?);
            Ok(answer.map_err(anyhow::Error::from)?)
        }
    }
}

/// Settings that only the Kafka client could tell to be wrong are wrong all the same.
fn sorted(error: anyhow::Error) -> Failure {
    match error.downcast() {
        Ok(BuildError::Producer(problem)) => unusable(&problem),
        Ok(other) => Failure::Other(other.into()),
        Err(other) => Failure::Other(other),
    }
}

fn unusable(problem: &StartError) -> Failure {
    Failure::Configuration(vec![format!("kafka: {problem}")].into())
}

async fn serve(config: &mut Config) -> anyhow::Result<()> {
    let logs = &config.settings.telemetry;
    telemetry::init(logs.format, &logs.filter)?;
    make_room(&mut config.settings.server);
    signals::until_stopped(async |stop| {
        let application = Application::build(config)?;
        Ok(application.run(stop).await?)
    })
    .await
}

/// Prints the settings in effect. Some contradictions only the Kafka client knows, so one is made of them.
fn check(config: &Config) -> Result<(), Failure> {
    let Settings { publish, .. } = &config.settings;
    Producer::new(
        config.settings.producer(),
        publish.ack_deadline,
        publish.linger,
    )
    .map_err(|problem| unusable(&problem))?;
    for (source, secret, oddity) in config.sources.oddities() {
        let warning =
            format!("warning: sources.{source}.secrets: {secret}: {oddity}, and is taken as it is");
        stderr::write_line(&format!("{NAME}: {warning}"));
    }
    Ok(print(config)?)
}

fn print(config: &Config) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(config.to_toml()?.as_bytes())?;
    Ok(out.flush()?)
}
