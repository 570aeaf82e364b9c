//! Logs, to stderr. Only `main` sets this up: a library in somebody else's process must not.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogFormat, TelemetrySettings};

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

/// Sends the logs of this process to stderr.
///
/// # Errors
///
/// Where the filter cannot be read, or logs already go somewhere.
pub fn init(settings: &TelemetrySettings) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let terminal = stderr().is_terminal();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(terminal);
    let human = match settings.format {
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
