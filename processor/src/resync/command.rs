//! `stackone-processor resync`.

use std::io;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{ResyncSettings, Summary, run};
use crate::projects::Projects;

/// Lists one project, or all, telling stderr how far it is and stdout what came of it.
///
/// # Errors
///
/// Where a project is not configured or cannot be listed.
pub async fn command(
    settings: &ResyncSettings,
    projects: &Projects,
    only: Option<&str>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let lanes: Vec<usize> = match only {
        None => (0..projects.len()).collect(),
        Some(id) => vec![
            projects
                .lane_of(Some(id))
                .with_context(|| format!("project {id} is not configured"))?,
        ],
    };
    for lane in lanes {
        let (project, name) = (
            projects.get(lane).context("a lane has a project")?,
            projects.label(lane),
        );
        let progress = |summary: &Summary| tell(&mut io::stderr(), name, "so far", summary);
        let summary = run(settings, project, stop, progress)
            .await
            .with_context(|| format!("project {name}"))?;
        tell(
            &mut io::stdout(),
            name,
            if summary.is_complete {
                "complete"
            } else {
                "INCOMPLETE"
            },
            &summary,
        );
    }
    Ok(())
}

fn tell(out: &mut impl io::Write, project: &str, how: &str, summary: &Summary) {
    let Summary {
        listed,
        unusable,
        pages,
        ..
    } = summary;
    let _unwritable = writeln!(
        out,
        "{project}: {how}: {listed} accounts listed in {pages} pages, {unusable} with an unusable id or status"
    );
}
