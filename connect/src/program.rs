//! The program `stackone-connect`, in the library so that tests can run it.

use std::io::Write as _;
use std::process::ExitCode;

use stackone_link_process::panics::Panics;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::stderr;
use stackone_link_process::stdout::stdout;
use stackone_link_process::{process_environment, signals, telemetry};

use crate::application::{Application, BuildError};
use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::doctor::{self, Doctor};

/// Reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    match program::parse(std::env::args_os()) {
        Ok(cli) => program::run("stackone-connect", Panics::EndTask, obey(cli)),
        Err(code) => code,
    }
}

async fn obey(cli: Cli) -> Result<(), Failure> {
    let (file, environment) = (cli.config.as_deref(), process_environment());
    match cli.command.unwrap_or_default() {
        Command::Run => serve(&Config::load(file, &environment)?)
            .await
            .map_err(sorted),
        Command::CheckConfig => check(&Config::load(file, &environment)?),
        Command::Healthcheck(question) => {
            let answer = question.ask(Config::admin_listen(file, &environment)?);
            Ok(answer.map_err(anyhow::Error::from)?)
        }
        Command::Doctor(asked) => examine(&Config::load(file, &environment)?, &asked).await,
    }
}

/// Settings that only the clients could tell to be wrong are wrong all the same.
fn sorted(error: anyhow::Error) -> Failure {
    match error.downcast::<BuildError>() {
        Ok(error) if error.is_configuration() => {
            Failure::Configuration(vec![error.to_string()].into())
        }
        Ok(error) => Failure::Other(error.into()),
        Err(error) => Failure::Other(error),
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let logs = &config.settings.telemetry;
    telemetry::init(logs.format, &logs.filter)?;
    signals::until_stopped(async |stop| {
        let application = Application::build(config)?;
        Ok(application.run(stop).await?)
    })
    .await
}

async fn examine(config: &Config, asked: &Doctor) -> Result<(), Failure> {
    let mut out = stdout();
    let examined = doctor::run(config, asked, &mut out).await;
    out.flush().map_err(anyhow::Error::from)?;
    Ok(examined?)
}

/// Prints the settings in effect.
fn check(config: &Config) -> Result<(), Failure> {
    for warning in config.warnings() {
        stderr::write_line(&format!("stackone-connect: warning: {warning}"));
    }
    let print = || {
        let mut out = stdout();
        out.write_all(config.to_toml()?.as_bytes())?;
        Ok::<(), anyhow::Error>(out.flush()?)
    };
    Ok(print()?)
}
