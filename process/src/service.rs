//! The commands of a service that does nothing but serve: [`obey`] reads its configuration and does
//! what was asked.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use clap::Subcommand;

use crate::healthcheck::Healthcheck;
use crate::program::{Failure, warn};
use crate::settings::{LogFormat, log_ignored};
use crate::stdout::stdout;
use crate::{ConfigError, Layers, process_environment, telemetry};

/// What to do.
#[derive(Debug, Clone, Default, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or Ctrl-C; a second one ends it at once. The default.
    #[default]
    Run,
    /// Print the settings in effect, without secrets, or what is wrong with them.
    CheckConfig,
    /// Ask a running service whether it is ready: exit code 0 or 1. For container probes.
    Healthcheck(Healthcheck),
}

/// The configuration of a service.
pub trait Configured: Sized {
    /// What the service calls itself on stderr.
    const NAME: &'static str;
    /// Where its settings come from.
    const LAYERS: Layers;

    /// Reads, checks and completes the configuration. `environment` is all the environment there
    /// is.
    ///
    /// # Errors
    ///
    /// Where anything is wrong with it: every problem that could be found, one line each.
    fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError>;

    /// How log lines look, and which there are.
    fn logs(&self) -> (LogFormat, &str);

    /// What is odd about it, although it is used.
    fn oddities(&self) -> Vec<String>;

    /// The settings in effect as TOML, with everything secret left out.
    ///
    /// # Errors
    ///
    /// Where a setting cannot be written as TOML.
    fn to_toml(&self) -> anyhow::Result<String>;

    /// What is wrong with it that only shows where something is made of it.
    ///
    /// # Errors
    ///
    /// Every problem, one line each.
    fn try_out(&self) -> Result<(), ConfigError>;
}

/// Does what was asked, with the settings of `file` and of this process's environment.
///
/// # Errors
///
/// Where the configuration cannot be used, or the work fails.
pub async fn obey<C: Configured>(
    file: Option<&Path>,
    command: Command,
    serve: impl AsyncFnOnce(C) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let environment = process_environment();
    let ignored = C::LAYERS.ignored(&environment);
    match command {
        Command::Run => {
            // One that sets nothing may be why another is missing.
            let config = C::load(file, &environment);
            let config = config.inspect_err(|_told_later| warn(C::NAME, &ignored))?;
            let (format, filter) = config.logs();
            telemetry::init(format, filter).map_err(anyhow::Error::from)?;
            log_ignored(&ignored);
            serve(config).await
        }
        Command::CheckConfig => {
            warn(C::NAME, &ignored);
            check(&C::load(file, &environment)?)
        }
        Command::Healthcheck(question) => {
            let answer = question.ask(C::LAYERS.admin_listen(file, &environment)?);
            Ok(answer.map_err(anyhow::Error::from)?)
        }
    }
}

/// Prints the settings in effect, and on stderr what is odd about them.
fn check<C: Configured>(config: &C) -> Result<(), Failure> {
    config.try_out()?;
    warn(C::NAME, config.oddities());
    let print = || {
        let mut out = stdout();
        out.write_all(config.to_toml()?.as_bytes())?;
        Ok::<(), anyhow::Error>(out.flush()?)
    };
    Ok(print()?)
}
