//! The way from a command line to an exit code.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::panics::{self, Panics};
use crate::settings::ConfigError;
use crate::{stderr, stdout};

/// The exit code for a configuration that cannot be used; clap has the same for arguments.
const INVALID_CONFIGURATION: u8 = 2;
/// The exit code of a command whose reader has gone: what a shell reports for SIGPIPE (128 + 13).
const READER_GONE: u8 = 141;
/// How long waiting threads, and the last lines on stderr, may take once everything else has ended.
pub const AFTERWARDS: Duration = Duration::from_secs(1);
/// The least part of [`AFTERWARDS`] that is left for the last lines on stderr, whatever the threads
/// took of it.
const LAST_LINES: Duration = Duration::from_millis(250);

/// Why a program did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The configuration cannot be used: exit code 2.
    Configuration(ConfigError),
    /// The work failed: exit code 1.
    Other(anyhow::Error),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Parses a command line.
///
/// # Errors
///
/// Returns the exit code of the program where it is to end here: it has written what is wrong to
/// stderr, or the help that was asked for to stdout.
pub fn parse<C: Parser>(arguments: impl Iterator<Item = OsString>) -> Result<C, ExitCode> {
    C::try_parse_from(arguments).map_err(|error| {
        if error.use_stderr() {
            let told = error.render();
            match io::stderr().is_terminal() {
                true => stderr::write(told.ansi().to_string()),
                false => stderr::write(told.to_string()),
            }
            stderr::flush(stderr::PATIENCE);
        } else {
            // Where help cannot be written, nobody reads it.
            let _unwritable = error.print();
        }
        // clap has these two codes: 0 for help and version, 2 for arguments that it refuses.
        match error.exit_code() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(INVALID_CONFIGURATION),
        }
    })
}

/// Runs the work of the program called `name`, writes to stderr why it failed, and returns its exit
/// code: 0, 1, 2 for an invalid configuration, or 141 where the reader of its output has gone. A
/// panic ends what `panics` says; where that is the process, it ends at once with
/// [`panics::EXIT_CODE`].
pub fn run(
    name: &str,
    panics: Panics,
    work: impl Future<Output = Result<(), Failure>>,
) -> ExitCode {
    if let Err(error) = panics::install(panics) {
        complain(name, &[format!("threads cannot be started: {error}")]);
        stderr::flush(LAST_LINES);
        return ExitCode::FAILURE;
    }
    done(name, work)
}

fn done(name: &str, work: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let done = runtime.block_on(work);
            let ending = Instant::now();
            // A thread that still waits for Kafka must not keep a finished process: nothing that it
            // could do matters.
            runtime.shutdown_timeout(AFTERWARDS);
            let code = exit_code(name, done);
            let left = AFTERWARDS.saturating_sub(ending.elapsed());
            stderr::flush(left.max(LAST_LINES));
            code
        }
        Err(error) => {
            complain(name, &[format!("threads cannot be started: {error}")]);
            stderr::flush(LAST_LINES);
            ExitCode::FAILURE
        }
    }
}

fn exit_code(name: &str, done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Configuration(error)) => {
            complain(name, error.problems());
            ExitCode::from(INVALID_CONFIGURATION)
        }
        Err(Failure::Other(error)) if stdout::is_reader_gone(&error) => ExitCode::from(READER_GONE),
        Err(Failure::Other(error)) => {
            complain(name, &[one_line(&error)]);
            ExitCode::FAILURE
        }
    }
}

/// Writes an error and its causes in one line, and leaves out causes whose text the line already
/// has.
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

/// Writes to stderr, one line each, which settings the program called `name` uses although they are
/// suspicious.
pub fn warn(name: &str, warnings: impl IntoIterator<Item = impl Display>) {
    for warning in warnings {
        stderr::write_line(&format!("{name}: warning: {warning}"));
    }
}

/// Writes one line for each problem to stderr. Where that fails, the exit code has to suffice.
fn complain(name: &str, problems: &[String]) {
    for problem in problems {
        stderr::write_line(&format!("{name}: {problem}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::spawn_blocking;

    use super::*;

    #[test]
    fn the_exit_code_tells_a_failure_from_an_invalid_configuration() {
        let invalid = ConfigError::from(vec!["a".to_owned()]);
        let code = |result| done("test", async { result });
        assert_eq!(code(Ok(())), ExitCode::SUCCESS);
        assert_eq!(code(Err(invalid.into())), ExitCode::from(2));
        assert_eq!(code(Err(anyhow::anyhow!("b").into())), ExitCode::FAILURE);
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_none_of_them_twice() {
        let cause = io::Error::other("no route");
        let error = anyhow::Error::new(cause).context("cannot connect: no route");
        assert_eq!(
            one_line(&error.context("not started")),
            "not started: cannot connect: no route"
        );
    }

    #[test]
    fn a_thread_that_waits_does_not_keep_a_program_that_is_done() {
        let (release, held) = mpsc::channel::<()>();
        let started = Instant::now();
        let code = done("test", async {
            let _waits = spawn_blocking(move || held.recv());
            Ok(())
        });
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(started.elapsed() < AFTERWARDS * 60);
        drop(release);
    }
}
