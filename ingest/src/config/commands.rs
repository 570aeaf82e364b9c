//! What the commands of the service want of its configuration.

use std::collections::HashMap;
use std::path::Path;

use stackone_link_process::Layers;
use stackone_link_process::service::Configured;
use stackone_link_process::settings::LogFormat;
use stackone_link_transport::StartError;

use super::settings::LAYERS;
use super::{Config, ConfigError, Settings};
use crate::producer::Producer;

impl Configured for Config {
    const NAME: &'static str = "stackone-ingest";
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
        let oddities = self.sources.oddities().map(|(source, secret, oddity)| {
            format!("sources.{source}.secrets: {secret}: {oddity}, and is taken as it is")
        });
        oddities.collect()
    }

    fn to_toml(&self) -> anyhow::Result<String> {
        Ok(Self::to_toml(self)?)
    }

    fn try_out(&self) -> Result<(), ConfigError> {
        let Settings { publish, .. } = &self.settings;
        let producer = Producer::new(
            self.settings.producer(),
            publish.ack_deadline,
            publish.linger,
        );
        producer.map(drop).map_err(|problem| unusable(&problem))
    }
}

/// A problem that only the Kafka client could tell.
pub(crate) fn unusable(problem: &StartError) -> ConfigError {
    vec![format!("kafka: {problem}")].into()
}
