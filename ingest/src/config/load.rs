//! Reading the configuration: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::net::{AddrParseError, SocketAddr};
use std::path::Path;

use config::{Environment, File, FileFormat};
use serde::de::{Deserialize, Deserializer, Error as _, IntoDeserializer as _, value};

use super::{Config, ConfigError, DEFAULTS, Origin, Settings};
use crate::source::Sources;

/// The variables of this process that are text.
#[must_use]
pub fn process_environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Config {
    /// Reads, checks and completes the configuration. `environment` is all the environment there is: the process's own
    /// is not looked at, so that several services can be configured side by side in one process.
    ///
    /// # Errors
    ///
    /// Where anything is wrong with it: every problem that could be found, one line each.
    pub fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::read(file, environment).map_err(|error| ConfigError {
            problems: vec![one_line(&error)],
        })?;
        let mut problems = settings.problems();
        match Sources::resolve(&settings.sources, environment) {
            Ok(sources) if problems.is_empty() => Ok(Self {
                settings,
                sources,
                origin: Origin::new(file, environment),
            }),
            Ok(_) => Err(ConfigError { problems }),
            Err(more) => {
                problems.extend(more);
                Err(ConfigError { problems })
            }
        }
    }
}

impl Settings {
    pub(super) fn read(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, config::ConfigError> {
        let mut sources =
            config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("INGEST")
            .prefix_separator("__")
            .separator("__")
            .source(Some(environment.clone()));
        sources.add_source(environment).build()?.try_deserialize()
    }
}

/// Reads an enum from its name. Left to itself, the `config` crate does not say which names there are.
pub(super) fn one_of<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let name = String::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
        .map_err(|unknown: value::Error| D::Error::custom(unknown))
}

/// Reads an address, and says what one looks like where it is none.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let invalid = |error| format!("{text:?}: {error}; expected IP:PORT such as 127.0.0.1:8080");
    text.parse()
        .map_err(|error: AddrParseError| D::Error::custom(invalid(error)))
}

/// An error of the `config` crate in one line: those of TOML quote the file over several.
pub(super) fn one_line(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let is_quote = |line: &&str| {
        let gutter = line.split_once('|').map(|(gutter, _)| gutter.trim());
        gutter.is_some_and(|gutter| gutter.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}

#[cfg(test)]
mod tests;
