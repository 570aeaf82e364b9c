//! `stackone-processor resync`: stdout has what came of it, stderr how far it is.

use std::io::Write as _;

use anyhow::Context as _;
use jiff::Timestamp;
use stackone_link_process::spawn::spawn_blocking;
use stackone_link_process::stderr;
use stackone_link_process::stdout::stdout;
use stackone_link_transport::ReadError;
use tokio_util::sync::CancellationToken;

use super::compared::Compared;
use super::{ResyncError, ResyncSettings, run};
use crate::bar::Bar;
use crate::projects::{Project, Projects};
use crate::state_view;
use crate::tasks;
use stackone_processor_core::state::store::StateStore;
use stackone_processor_core::work::queue::Lane;

/// Where to read what was confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The state topic.
    pub topic: String,
    /// A group that may be used.
    pub group: String,
}

/// Lists one project, or all. One that cannot be listed is told, and holds up no other.
///
/// # Errors
///
/// Where a project is not configured or cannot be listed, or what was confirmed cannot be read.
pub async fn command(
    settings: &ResyncSettings,
    confirmed: Confirmed,
    projects: &Projects,
    only: Option<&str>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let lanes = lanes(projects, only)?;
    let kafka = settings.kafka.clone();
    let reading = move || -> Result<StateStore, ReadError> {
        let mut states = StateStore::default();
        let Confirmed { topic, group } = confirmed;
        state_view::each(&kafka, &group, &topic, None, |id, value| {
            states.put(&id, value);
        })?;
        Ok(states)
    };
    let states = spawn_blocking(tasks::STATES, reading)
        .await?
        .context("state cannot be read")?;
    let mut failed = Vec::new();
    for lane in lanes {
        let project = projects.get(lane).context("a lane has a project")?;
        let compared = Compared::begin(&states, projects, lane, Timestamp::now());
        match list(settings, project, compared, stop).await {
            Ok(line) => writeln!(stdout(), "{line}")?,
            Err(error @ ResyncError::Interrupted) => return Err(error.into()),
            Err(error) => {
                let (name, error) = (projects.label(lane), anyhow::Error::from(error));
                stderr::write_line(&format!("{name}: {error:#}"));
                failed.push(name);
            }
        }
    }
    anyhow::ensure!(failed.is_empty(), "not listed: {}", failed.join(", "));
    Ok(())
}

fn lanes(projects: &Projects, only: Option<&str>) -> anyhow::Result<Vec<Lane>> {
    let Some(id) = only else {
        return Ok((0..projects.len()).collect());
    };
    let lane = projects.lane_of(Some(id));
    Ok(vec![lane.with_context(|| {
        format!("project {id} is not configured")
    })?])
}

async fn list(
    settings: &ResyncSettings,
    project: Project<'_>,
    mut compared: Compared<'_>,
    stop: &CancellationToken,
) -> Result<String, ResyncError> {
    let (mut bar, expected) = (Bar::new(), compared.expected());
    let result = run(settings, project, stop, |told| {
        compared.take(told.new);
        let listed = told.summary.listed;
        let what = format!("{}: {listed} accounts listed", compared.project());
        // More may be there than was ever confirmed.
        bar.tell(listed, expected.max(listed), &what);
    });
    let result = result.await;
    bar.clear();
    Ok(compared.line(&result?))
}
