//! Reading the configuration: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::path::Path;

use super::{Config, ConfigError, LAYERS, Origin, Settings};
use crate::source::Sources;

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
        let settings: Settings = LAYERS.read(file, environment)?;
        let mut problems = settings.problems();
        match Sources::resolve(&settings.sources, environment) {
            Ok(sources) if problems.is_empty() => Ok(Self {
                settings,
                sources,
                origin: Origin::new(file, environment),
            }),
            Ok(_) => Err(problems.into()),
            Err(more) => {
                problems.extend(more);
                Err(problems.into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
