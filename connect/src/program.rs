//! The program `stackone-connect`, in the library so that tests can run it.

use std::io::Write as _;
use std::process::ExitCode;

use stackone_link_listeners::make_room;
use stackone_link_process::panics::Panics;
use stackone_link_process::process_environment;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::service::{self, Configured};
use stackone_link_process::signals;
use stackone_link_process::stdout::stdout;

use crate::application::{Application, BuildError};
use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::doctor::{self, Doctor};

/// Reads the command line and the environment, does what they say, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    match program::parse(std::env::args_os()) {
        Ok(cli) => program::run(Config::NAME, Panics::EndTask, obey(cli)),
        Err(code) => code,
    }
}

async fn obey(cli: Cli) -> Result<(), Failure> {
    let file = cli.config.as_deref();
    match cli.command.unwrap_or_default() {
        Command::Service(command) => {
            let serve = async |config: Config| serve(config).await.map_err(sorted);
            service::obey(file, command, serve).await
        }
        Command::Doctor(asked) => {
            let environment = process_environment();
            program::warn(Config::NAME, Config::LAYERS.ignored(&environment));
            let config = Config::load(file, &environment)?;
            examine(&config, &asked).await
        }
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

async fn serve(mut config: Config) -> anyhow::Result<()> {
    let server = &mut config.settings.server;
    make_room(
        &mut server.max_connections,
        &mut server.max_connections_per_peer,
    );
    for oddity in config.oddities() {
        tracing::warn!("{oddity}");
    }
    signals::until_stopped(async |stop| {
        let application = Application::build(&config)?;
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
