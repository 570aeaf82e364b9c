//! Lists projects' accounts, and compares each list with what was confirmed before it.

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

/// A project that was asked for is not configured.
#[derive(Debug, thiserror::Error)]
#[error("project {0} is not configured")]
pub struct NotConfigured(String);

/// What happens while a project is listed, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum ResyncProgress<'a> {
    /// A page was read.
    Listed {
        /// The project's name.
        project: &'a str,
        /// Accounts that are listed.
        listed: u64,
        /// Accounts that were confirmed before, and so are expected.
        expected: u64,
    },
    /// Its API does not answer, and is asked again.
    Unanswered(Unanswered<'a>),
}

/// Lists of one project after the other.
pub struct Resync<'a> {
    settings: ResyncSettings,
    projects: &'a ProjectClients,
    states: StateStore,
}

impl<'a> Resync<'a> {
    /// Reads what was confirmed.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
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
    /// Where it cannot be listed.
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

/// The lane of the project that is asked for, or all lanes.
///
/// # Errors
///
/// Where it is not configured.
pub fn lanes(projects: &ProjectClients, only: Option<&str>) -> Result<Vec<Lane>, NotConfigured> {
    let Some(id) = only else {
        return Ok((0..projects.len()).collect());
    };
    let lane = projects.lane_of(Some(id));
    Ok(vec![lane.ok_or_else(|| NotConfigured(id.to_owned()))?])
}
