//! The program `stackone-ingest`, in the library so that tests can run it as a process of their own.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::{process_environment, signals, telemetry};

use crate::application::Application;
use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::open_files::make_room;

/// The program: reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    program::run("stackone-ingest", obey(Cli::parse()))
}

async fn obey(cli: Cli) -> Result<(), Failure> {
    let mut config = Config::load(cli.config.as_deref(), &process_environment())?;
    let done = match cli.command.unwrap_or_default() {
        Command::Run => serve(&mut config).await,
        Command::CheckConfig => print(&config),
        Command::Healthcheck(question) => {
            let answer = question.ask(config.settings.admin.listen);
            answer.map_err(anyhow::Error::from)
        }
    };
    Ok(done?)
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

fn print(config: &Config) -> anyhow::Result<()> {
    io::stdout().write_all(config.to_toml()?.as_bytes())?;
    Ok(())
}
