//! Lists the accounts of projects, and compares each list with the states from before.

mod compared;

use jiff::Timestamp;
use stackone_processor::config::Settings;
use stackone_processor::projects::ProjectClients;
use stackone_processor::resync::{ListProgress, ResyncError, ResyncSettings, run};
use stackone_processor_core::state::store::StateStore;
use stackone_processor_core::work::queue::Lane;
use tokio_util::sync::CancellationToken;

use crate::state_view::{StatesError, store};
use compared::Compared;

pub use compared::Report;
pub use stackone_processor::resync::Unanswered;

/// The named project is not configured.
#[derive(Debug, thiserror::Error)]
#[error("project {0} is not configured")]
pub struct NotConfigured(String);

/// Progress of a list.
#[derive(Debug, Clone, Copy)]
pub enum ResyncProgress<'a> {
    /// A page was read.
    Listed {
        /// The name of the project.
        project: &'a str,
        /// How many accounts are listed so far.
        listed: u64,
        /// How many accounts were confirmed before, and so are expected.
        expected: u64,
    },
    /// The API does not answer, and is asked again.
    Unanswered(Unanswered<'a>),
}

/// Lists one project after the other.
pub struct Resync<'a> {
    settings: ResyncSettings,
    projects: &'a ProjectClients,
    states: StateStore,
}

impl<'a> Resync<'a> {
    /// Reads the confirmed states.
    ///
    /// # Errors
    ///
    /// Fails where they cannot be read.
    pub async fn begin(
        settings: &Settings,
        projects: &'a ProjectClients,
    ) -> Result<Self, StatesError> {
        Ok(Self {
            settings: settings.resync(),
            projects,
            states: store(settings).await?,
        })
    }

    /// Lists the project of a lane, until `stop`.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be listed.
    pub async fn list(
        &self,
        lane: Lane,
        stop: &CancellationToken,
        mut progress: impl FnMut(ResyncProgress<'_>),
    ) -> Result<Report, ResyncError> {
        let project = self.projects.get(lane).ok_or(ResyncError::NoProject)?;
        let mut compared = Compared::begin(&self.states, self.projects, lane, Timestamp::now());
        let expected = compared.expected();
        let summary = run(&self.settings, project, stop, |told| match told {
            ListProgress::Page { summary, new } => {
                compared.take(new);
                progress(ResyncProgress::Listed {
                    project: compared.project(),
                    listed: summary.listed,
                    expected,
                });
            }
            ListProgress::Unanswered(unanswered) => {
                progress(ResyncProgress::Unanswered(unanswered))
            }
        });
        let summary = summary.await?;
        Ok(compared.report(summary))
    }
}

/// Returns the lane of the project `only`, or all lanes.
///
/// # Errors
///
/// Fails where it is not configured.
pub fn lanes(projects: &ProjectClients, only: Option<&str>) -> Result<Vec<Lane>, NotConfigured> {
    let Some(id) = only else {
        return Ok((0..projects.len()).collect());
    };
    let lane = projects.lane_of(Some(id));
    Ok(vec![lane.ok_or_else(|| NotConfigured(id.to_owned()))?])
}
