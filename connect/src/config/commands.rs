//! The configuration as the service's commands use it.

use std::collections::HashMap;
use std::path::Path;

use stackone_link_process::service::Configured;
use stackone_link_process::settings::LogFormat;
use stackone_link_process::{ConfigError, Layers};

use super::{Config, LAYERS};

impl Configured for Config {
    const NAME: &'static str = "stackone-connect";
    const LAYERS: Layers = LAYERS;

    fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        Self::load(file, environment)
    }

    fn logs(&self) -> (LogFormat, &str) {
        let telemetry = &self.settings.telemetry;
        (telemetry.format, &telemetry.filter)
    }

    fn oddities(&self) -> Vec<String> {
        let oddities = self.secrets.oddities();
        let told = |(name, oddity)| format!("{name}: {oddity}, and is taken as it is");
        let shared = self.origin.shared_keys(&self.settings, &self.secrets);
        oddities.map(told).chain(shared).collect()
    }

    fn to_toml(&self) -> anyhow::Result<String> {
        Ok(Self::to_toml(self)?)
    }

    /// Reading the configuration has already tried everything that can be tried.
    fn try_out(&self) -> Result<(), ConfigError> {
        Ok(())
    }
}
