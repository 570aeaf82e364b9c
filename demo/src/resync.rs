//! The resync of the story: what `stackone-processor resync` does.

use anyhow::Context as _;
use stackone_processor::application::projects;
use stackone_processor::config::Config;
use stackone_processor::projects::ProjectClients;
use stackone_processor::resync::{self, ListSummary, ResyncSettings};
use tokio_util::sync::CancellationToken;

/// All it needs.
pub(crate) struct Resync {
    settings: ResyncSettings,
    projects: ProjectClients,
}

impl Resync {
    /// As the processor is configured.
    ///
    /// # Errors
    ///
    /// Where there can be no client of the accounts API.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            settings: config.settings.resync(),
            projects: projects(config)?,
        })
    }

    /// Lists the accounts of the story's project. It is stopped by dropping it.
    ///
    /// # Errors
    ///
    /// Where they cannot be listed, or Kafka takes no triggers.
    pub(crate) async fn run(&self) -> anyhow::Result<ListSummary> {
        let project = self.projects.get(0).context("there is no project")?;
        let never = CancellationToken::new();
        Ok(resync::run(&self.settings, project, &never, |_so_far| {}).await?)
    }
}
