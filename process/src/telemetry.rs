//! Logs, written to [`stderr`]. Only a program sets them up: a library inside another process must
//! not.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::settings::LogFormat;
use crate::stderr;

/// The target that is silent by default. It logs a line at error for each connection on which
/// something else than HTTP is sent, so that anyone who can connect could fill the logs. The
/// services count these connections.
const QUIET: &str = "actix_http";

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The directives cannot be parsed.
    #[error("telemetry.filter: {0}")]
    Filter(#[from] ParseError),
    /// The process has a subscriber already.
    #[error("telemetry: {0}")]
    Init(#[from] TryInitError),
}

/// Says what is wrong with directives of tracing's `EnvFilter`; `None` where they can be used.
#[must_use]
pub fn filter_problem(filter: &str) -> Option<String> {
    let error = read(filter).err()?;
    Some(TelemetryError::from(error).to_string())
}

/// Parses directives, and silences [`QUIET`] unless they name it.
fn read(filter: &str) -> Result<EnvFilter, ParseError> {
    let read = EnvFilter::try_new(filter)?;
    if filter.contains(QUIET) {
        return Ok(read);
    }
    Ok(read.add_directive(format!("{QUIET}=off").parse()?))
}

/// Writes the log lines of this process that pass `filter`, which are directives of tracing's
/// `EnvFilter`, to stderr. Lines of `actix_http` pass only where the filter names it.
///
/// # Errors
///
/// Fails where the filter cannot be parsed, or the process logs already.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = read(filter)?;
    let terminal = io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr::writer)
        // By itself the subscriber reports its own errors by `eprintln!`, which waits and panics
        // where stderr does.
        .log_internal_errors(false)
        .with_ansi(terminal);
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Json => false,
        LogFormat::Human => true,
    };
    if human {
        logs.finish().try_init()?;
    } else {
        logs.json().flatten_event(true).finish().try_init()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_that_strangers_can_cause_without_end_are_off_unless_asked_for() {
        let read = |filter| read(filter).map(|filter| filter.to_string()).unwrap();
        for filter in [
            "info",
            "trace",
            "info,stackone_ingest=debug",
            "info,actix_http=debug",
        ] {
            let off = read(filter).contains("actix_http=off");
            assert_eq!(off, !filter.contains("actix_http"), "{filter}");
            assert!(read(filter).contains(&filter[..4]), "{filter}");
        }
        assert_eq!(read(""), "actix_http=off", "an empty one stays empty");
        assert!(filter_problem("a=b=c").is_some());
    }
}
