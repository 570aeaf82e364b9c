//! Lists projects' accounts, and compares each list with what was confirmed before it.

mod compared;

use jiff::Timestamp;
use stackone_processor::config::Settings;
use stackone_processor::projects::Projects;
use stackone_processor::resync::{ResyncError, ResyncSettings, run};
use stackone_processor_core::state::store::StateStore;
use stackone_processor_core::work::queue::Lane;
use tokio_util::sync::CancellationToken;

use crate::state_view::{StatesError, store};
use compared::Compared;

pub use compared::Report;

/// A project that was asked for is not configured.
#[derive(Debug, thiserror::Error)]
#[error("project {0} is not configured")]
pub struct NotConfigured(String);

/// How far the list of a project is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The project's name.
    pub project: &'a str,
    /// Accounts that are listed.
    pub listed: u64,
    /// Accounts that were confirmed before, and so are expected.
    pub expected: u64,
}

/// Lists of one project after the other.
pub struct Resync<'a> {
    settings: ResyncSettings,
    projects: &'a Projects,
    states: StateStore,
}

impl<'a> Resync<'a> {
    /// Reads what was confirmed.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub async fn begin(settings: &Settings, projects: &'a Projects) -> Result<Self, StatesError> {
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
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Report, ResyncError> {
        let project = self.projects.get(lane).ok_or(ResyncError::NoProject)?;
        let mut compared = Compared::begin(&self.states, self.projects, lane, Timestamp::now());
        let expected = compared.expected();
        let summary = run(&self.settings, project, stop, |told| {
            compared.take(told.new);
            progress(Progress {
                project: compared.project(),
                listed: told.summary.listed,
                expected,
            });
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
pub fn lanes(projects: &Projects, only: Option<&str>) -> Result<Vec<Lane>, NotConfigured> {
    let Some(id) = only else {
        return Ok((0..projects.len()).collect());
    };
    let lane = projects.lane_of(Some(id));
    Ok(vec![lane.ok_or_else(|| NotConfigured(id.to_owned()))?])
}
