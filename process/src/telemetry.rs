//! Logs, to stderr. Only `main` sets this up: a library in somebody else's process must not.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::settings::LogFormat;

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("telemetry.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// It has been set up before.
    #[error("telemetry: {0}")]
    Init(#[from] TryInitError),
}

/// What is wrong with directives of tracing's `EnvFilter`; nothing where they can be used.
#[must_use]
pub fn filter_problem(filter: &str) -> Option<String> {
    let error = EnvFilter::try_new(filter).err()?;
    Some(TelemetryError::from(error).to_string())
}

/// Sends those logs of this process to stderr that `filter` lets pass: directives of tracing's `EnvFilter`.
///
/// # Errors
///
/// Where the filter cannot be read, or logs already go somewhere.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter)?;
    let terminal = stderr().is_terminal();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
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
