//! From a command line that has been read to an exit code.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::panics::{self, Panics};
use crate::settings::ConfigError;
use crate::{stderr, stdout};

/// Exit code of a configuration that cannot be used; clap's of arguments is the same.
const INVALID_CONFIGURATION: u8 = 2;
/// Exit code of a command whose output nobody reads any more, as a shell tells that of SIGPIPE.
const READER_GONE: u8 = 141;
/// How long threads that wait for something may take to end once everything else has, and the last lines on stderr.
pub const AFTERWARDS: Duration = Duration::from_secs(1);
/// The part of [`AFTERWARDS`] that the last lines on stderr have at least, where threads took the
/// rest.
const LAST_LINES: Duration = Duration::from_millis(250);

/// Why a program did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The configuration cannot be used: exit code 2.
    Configuration(ConfigError),
    /// The work itself failed: exit code 1.
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

/// Reads a command line.
///
/// # Errors
///
/// How the program is to end: what is wrong was told on stderr, or what was asked for on stdout.
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
        // clap has these two.
        match error.exit_code() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(INVALID_CONFIGURATION),
        }
    })
}

/// Does the work of the program called `name`, tells on stderr why it failed, and says how it ended: 0, 1, 2 for an
/// invalid configuration, or 141 where whoever read its output has gone. A panic ends what `panics` says; the process with [`panics::EXIT_CODE`], at once.
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
            // A thread that still waits for Kafka must not keep a process that is done: nothing it could do matters.
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

/// Says on stderr, one line each, what the program called `name` takes as it is although it is odd.
pub fn warn(name: &str, warnings: impl IntoIterator<Item = impl Display>) {
    for warning in warnings {
        stderr::write_line(&format!("{name}: warning: {warning}"));
    }
}

/// One line for each problem, on stderr. Where even that cannot be written, the exit code has to do.
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
        assert!(started.elapsed() < AFTERWARDS * 10);
        drop(release);
    }
}
