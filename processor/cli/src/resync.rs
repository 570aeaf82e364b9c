//! `resync`: stdout has what came of it, stderr how far it is.

use std::io::Write as _;

use anyhow::Context as _;
use stackone_link_process::stderr;
use stackone_link_process::stdout::stdout;
use stackone_processor::application::projects;
use stackone_processor::config::Config;
use stackone_processor::resync::{ResyncError, Summary};
use stackone_processor_operate::resync::{Report, Resync, lanes};
use tokio_util::sync::CancellationToken;

use crate::bar::Bar;

/// Lists one project, or all. One that cannot be listed is told, and holds up no other.
pub(crate) async fn run(
    config: &Config,
    only: Option<&str>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let projects = projects(config)?;
    let lanes = lanes(&projects, only)?;
    let resync = Resync::begin(&config.settings, &projects).await;
    let resync = resync.context("state cannot be read")?;
    let mut failed = Vec::new();
    for lane in lanes {
        let mut bar = Bar::new();
        let listed = resync.list(lane, stop, |told| {
            let what = format!("{}: {} accounts listed", told.project, told.listed);
            // More may be there than was ever confirmed.
            bar.tell(told.listed, told.expected.max(told.listed), &what);
        });
        let listed = listed.await;
        bar.clear();
        match listed {
            Ok(report) => writeln!(stdout(), "{}", line(&report))?,
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

/// The run in a line, for a person.
fn line(report: &Report) -> String {
    let (project, unchanged, queued) = (&report.project, report.unchanged, report.queued);
    let Summary {
        listed,
        unusable,
        pages,
        is_complete: _,
    } = report.summary;
    let (how, missing) = match report.missing {
        Some(missing) => ("complete", missing.to_string()),
        None => ("INCOMPLETE", "an unknown number of".to_owned()),
    };
    format!(
        "{project}: {how}: {listed} accounts listed, {unchanged} unchanged, {queued} queued, {missing} missing, \
         {unusable} with an unusable id or status, in {pages} pages"
    )
}
