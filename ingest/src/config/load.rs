//! Reading the configuration: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::path::Path;

use stackone_link_listeners::tls::Certificate;
use stackone_link_process::ConfigError;

use super::Config;
use super::origin::Origin;
use super::settings::{LAYERS, Settings};
use crate::auth::source::Sources;

impl Config {
    /// Reads, checks and completes the configuration. `environment` is all the environment there
    /// is: the process's own is not looked at, so that several services can be configured side by
    /// side in one process.
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
        let sources = Sources::resolve(&settings.sources, environment);
        let sources = sources.unwrap_or_else(|more| {
            problems.extend(more.iter().map(ToString::to_string));
            Sources::default()
        });
        let certificate = settings.server.tls.as_ref().map(Certificate::read);
        let certificate = certificate.transpose().unwrap_or_else(|problem| {
            problems.push(problem.to_string());
            None
        });
        if !problems.is_empty() {
            return Err(problems.into());
        }
        Ok(Self {
            settings,
            sources,
            certificate,
            origin: Origin::new(file, environment),
        })
    }
}

#[cfg(test)]
mod tests;
