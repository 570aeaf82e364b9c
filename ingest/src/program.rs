//! The program `stackone-ingest`, in the library so that tests can run it as a process of their
//! own.

use std::process::ExitCode;

use stackone_link_listeners::make_room;
use stackone_link_process::panics::Panics;
use stackone_link_process::program::{self, Failure};
use stackone_link_process::service::{self, Configured};
use stackone_link_process::signals;

use crate::application::{Application, BuildError};
use crate::cli::Cli;
use crate::config::{Config, unusable};

/// The program: reads the command line and the environment, does what they say, and tells how it
/// ended.
#[must_use]
pub fn main() -> ExitCode {
    match program::parse(std::env::args_os()) {
        Ok(cli) => program::run(Config::NAME, Panics::EndTask, obey(cli)),
        Err(code) => code,
    }
}

async fn obey(cli: Cli) -> Result<(), Failure> {
    let command = cli.command.unwrap_or_default();
    service::obey(cli.config.as_deref(), command, async |config| {
        serve(config).await.map_err(sorted)
    })
    .await
}

/// Settings that only the Kafka client could tell to be wrong are wrong all the same.
fn sorted(error: anyhow::Error) -> Failure {
    match error.downcast() {
        Ok(BuildError::Producer(problem)) => unusable(&problem).into(),
        Ok(other) => Failure::Other(other.into()),
        Err(other) => Failure::Other(other),
    }
}

async fn serve(mut config: Config) -> anyhow::Result<()> {
    let server = &mut config.settings.server;
    make_room(
        &mut server.max_connections,
        &mut server.max_connections_per_peer,
    );
    signals::until_stopped(async |stop| {
        let application = Application::build(&config)?;
        Ok(application.run(stop).await?)
    })
    .await
}
