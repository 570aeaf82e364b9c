//! The command line.

mod healthcheck;
mod host;
mod project;
mod secret;
mod send;
mod serve;
mod serve_options;
mod verdict;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A stand-in StackOne: accounts API, signed webhooks, and every fault of both at a switch.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage or configuration; `send` has more, see `send
/// --help`.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the accounts API, the webhook delivery and the control endpoints until it is stopped.
    Serve(Box<serve::ServeArgs>),
    /// Sends one signed webhook and prints the answer.
    ///
    /// Exit codes: 0 every answer was 200; 3 some answer was another one below 500; 4 some answer
    /// was 500 or more; 5 there was no answer; 2 wrong usage or configuration. With several
    /// webhooks, the highest of these counts.
    Send(Box<send::SendArgs>),
    /// Runs a host product: a page with connect's element, and the backend that makes its link
    /// sessions.
    Host(host::HostArgs),
    /// Asks a simulator that runs whether it is alive; for container probes. Exit codes: 0 yes, 1
    /// no.
    Healthcheck(healthcheck::HealthcheckArgs),
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// What the person who called it can put right.
    #[error("{0}")]
    Usage(String),
    /// What the machine refused.
    #[error("{0}")]
    Failure(String),
}

/// Does what was asked for.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&CommandError::Failure(format!("no runtime: {error}"))),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::serve(*args).await,
            Command::Send(args) => send::send(*args).await,
            Command::Host(args) => host::host(args).await,
            Command::Healthcheck(args) => healthcheck::healthcheck(args).await,
        }
    });
    done.unwrap_or_else(|error| complain(&error))
}

fn complain(error: &CommandError) -> ExitCode {
    // Standard error may be closed; the exit code says it all the same.
    let _closed = writeln!(io::stderr(), "error: {error}");
    match error {
        CommandError::Usage(_) => ExitCode::from(2),
        CommandError::Failure(_) => ExitCode::from(1),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }
}
