//! Reads settings: built-in defaults, then a file, then the environment.

mod parts;
mod source;
mod unfit;
mod variables;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use config::{Environment, File, FileFormat, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use source::{layer, one_line};

pub use parts::{AdminSettings, LogFormat, address, one_of};
pub use variables::{Ignored, log_ignored};

/// Why a configuration cannot be used: one line for each problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct ConfigError {
    problems: Vec<String>,
}

impl ConfigError {
    /// Returns the problems, one line each.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl From<Vec<String>> for ConfigError {
    fn from(problems: Vec<String>) -> Self {
        Self { problems }
    }
}

/// The sources of one program's settings, beside the file that its user names.
#[derive(Debug, Clone, Copy)]
pub struct Layers {
    /// Every setting with its default, in TOML.
    pub defaults: &'static str,
    /// The prefix of environment variables, up to the first double underscore.
    pub prefix: &'static str,
    /// Tables whose keys are names of another program and contain dots: `kafka.properties`. In the
    /// name of a variable an underscore stands for each dot, and two stand for an underscore.
    pub dotted: &'static [&'static str],
}

impl Layers {
    /// Reads the settings; a later layer wins. `environment` stands for the whole environment: this
    /// function does not look at the process's own, so that one process can hold several services
    /// with their own settings.
    ///
    /// # Errors
    ///
    /// Fails where a layer cannot be read, or the settings do not fit `S`: every problem, one line
    /// each.
    pub fn read<S: DeserializeOwned>(
        self,
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<S, ConfigError> {
        let layers = self.layers(file, environment);
        let layers = layers.and_then(|settings| Ok((settings, layer(self.defaults)?)));
        let (settings, defaults) = layers.map_err(|error| vec![one_line(&error)])?;
        let meant = |path: &unfit::Path| self.meant(&self.variable(path.keys()));
        Ok(unfit::read_all(settings, &defaults, meant)?)
    }

    fn layers(
        self,
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Value, config::ConfigError> {
        let defaults = File::from_str(self.defaults, FileFormat::Toml);
        let mut layers = config::Config::builder().add_source(defaults);
        if let Some(path) = file {
            layers = layers.add_source(File::from(path).format(FileFormat::Toml));
        }
        let (dotted, rest) = self.split(environment);
        // A single underscore would take Kubernetes' own `INGEST_PORT=tcp://…` for a setting.
        let environment = Environment::with_prefix(self.prefix)
            .prefix_separator("__")
            .separator("__")
            .source(Some(rest));
        let layers = layers.add_source(environment).add_source(dotted);
        Ok(layers.build()?.cache)
    }
}

/// The one setting that the probe of a container needs.
#[derive(Deserialize)]
struct Probed {
    admin: AdminSettings,
}

impl Layers {
    /// Reads the address of the operators' listener, whatever the other settings have become. A
    /// running service goes on with the settings that it has read, and its probe must not restart
    /// it for a file that it does not need now.
    ///
    /// # Errors
    ///
    /// Fails where no layer has a readable address.
    pub fn admin_listen(
        self,
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<SocketAddr, ConfigError> {
        let probed: Result<Probed, _> = self.read(file, environment);
        let probed = probed.or_else(|_unreadable| self.read(None, environment))?;
        Ok(probed.admin.listen)
    }
}

/// Returns the variables of this process that are UTF-8. No other function reads the environment.
#[must_use]
pub fn process_environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests;
