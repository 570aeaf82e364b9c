//! `resync`: prints results to stdout, and progress to stderr.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Args;
use stackone_link_process::counted::counted;
use stackone_link_process::stdout::stdout;
use stackone_link_process::{signals, stderr};
use stackone_processor::application::projects;
use stackone_processor::config::Config;
use stackone_processor::resync::{ListSummary, ResyncError};
use stackone_processor_operate::causes::with_causes;
use stackone_processor_operate::resync::{Report, Resync, ResyncProgress, Unanswered, lanes};
use tokio_util::sync::CancellationToken;

use crate::bar::Bar;
use crate::contact;

/// The arguments of `resync`.
#[derive(Debug, Clone, Args)]
pub struct ResyncArguments {
    /// List only this project; all projects otherwise.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,
}

/// Waits for a broker, and then lists.
pub(crate) async fn run(config: &Config, asked: &ResyncArguments) -> anyhow::Result<()> {
    contact::made(&config.settings.kafka).await?;
    let only = asked.project.as_deref();
    signals::until_stopped(async |stop| list(config, only, &stop).await).await
}

/// Lists one project, or all. A project that cannot be listed is reported, and the others are
/// listed.
async fn list(config: &Config, only: Option<&str>, stop: &CancellationToken) -> anyhow::Result<()> {
    let projects = projects(config)?;
    let lanes = lanes(&projects, only)?;
    let resync = Resync::begin(&config.settings, &projects).await;
    let resync = resync.context("state cannot be read")?;
    let (mut failed, mut incomplete) = (Vec::new(), Vec::new());
    for lane in lanes {
        let mut bar = Bar::new();
        let base_url = config.settings.projects.get(lane);
        let base_url = base_url.map(|project| project.base_url.as_str());
        let api = format!(
            "{}: StackOne at {}",
            projects.label(lane),
            base_url.unwrap_or("?")
        );
        let listed = resync.list(lane, stop, |told| match told {
            ResyncProgress::Listed {
                project,
                listed,
                expected,
            } => {
                let what = format!("{project}: {} listed", counted(listed, "account"));
                // The list may hold more accounts than were confirmed.
                bar.tell(listed, expected.max(listed), &what);
            }
            ResyncProgress::Unanswered(unanswered) => {
                bar.clear();
                stderr::write_line(&waits(&api, &unanswered));
            }
        });
        let listed = listed.await;
        bar.clear();
        match listed {
            Ok(report) => {
                writeln!(stdout(), "{}", line(&report))?;
                incomplete.extend(report.missing.is_none().then(|| projects.label(lane)));
            }
            Err(error @ ResyncError::Interrupted) => return Err(error.into()),
            Err(error) => {
                let (name, error) = (projects.label(lane), anyhow::Error::from(error));
                stderr::write_line(&format!("{name}: {error:#}"));
                failed.push(name);
            }
        }
    }
    all_listed(&failed, &incomplete)
}

/// Fails where projects were not listed, or not to the end: of those no account is found missing.
fn all_listed(failed: &[&str], incomplete: &[&str]) -> anyhow::Result<()> {
    let (not, partly) = (failed.join(", "), incomplete.join(", "));
    match (failed.is_empty(), incomplete.is_empty()) {
        (true, true) => Ok(()),
        (false, true) => anyhow::bail!("not listed: {not}"),
        (true, false) => anyhow::bail!("not listed to the end: {partly}"),
        (false, false) => anyhow::bail!("not listed: {not}; not to the end: {partly}"),
    }
}

/// Returns a line that says that the API does not answer, why, and when it is asked again.
fn waits(api: &str, unanswered: &Unanswered<'_>) -> String {
    let why = with_causes(unanswered.error);
    let seconds = |wait: std::time::Duration| wait.as_secs_f32().ceil();
    format!(
        "{api} does not list its accounts: {why}; asks again in {} s, and {} in all, within {} s",
        seconds(unanswered.again_in),
        counted(unanswered.attempts_left, "time"),
        seconds(unanswered.at_most)
    )
}

/// Returns the result of a run as one line for a person.
fn line(report: &Report) -> String {
    let (project, unchanged, queued) = (&report.project, report.unchanged, report.queued);
    let ListSummary {
        listed,
        unusable,
        pages,
        is_complete: _,
    } = report.summary;
    let (how, missing) = match report.missing {
        Some(missing) => ("complete", missing.to_string()),
        None => ("INCOMPLETE", "an unknown number of".to_owned()),
    };
    let (listed, pages) = (counted(listed, "account"), counted(pages, "page"));
    format!(
        "{project}: {how}: {listed} listed, {unchanged} unchanged, {queued} queued, {missing} missing, \
         {unusable} with an unusable id or status, in {pages}"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stackone_processor::resync::ListSummary;

    use super::*;

    #[test]
    fn one_account_on_one_page_is_no_plural() {
        let summary = ListSummary {
            listed: 1,
            unusable: 0,
            pages: 1,
            is_complete: true,
        };
        let report = Report {
            project: "acme".to_owned(),
            summary,
            unchanged: 1,
            queued: 0,
            missing: Some(0),
        };
        let line = line(&report);
        assert!(
            line.starts_with("acme: complete: 1 account listed,"),
            "{line}"
        );
        assert!(line.ends_with(", in 1 page"), "{line}");
    }

    #[test]
    fn a_list_that_may_be_incomplete_is_no_success() {
        assert!(all_listed(&[], &[]).is_ok());
        for (failed, incomplete, says) in [
            (["a"].as_slice(), [].as_slice(), "not listed: a"),
            (&[], &["b", "c"], "not listed to the end: b, c"),
            (&["a"], &["b"], "not listed: a; not to the end: b"),
        ] {
            let error = all_listed(failed, incomplete).unwrap_err();
            assert_eq!(error.to_string(), says);
        }
    }

    #[test]
    fn resync_says_for_what_it_waits_why_and_until_when() {
        let error = stackone_client_types::ApiError::unavailable("connection failed", None);
        let told = waits(
            "acme: StackOne at http://127.0.0.1:1/",
            &Unanswered {
                error: &error,
                again_in: Duration::from_millis(700),
                attempts_left: 7,
                at_most: Duration::from_secs(126),
            },
        );
        assert_eq!(
            told,
            "acme: StackOne at http://127.0.0.1:1/ does not list its accounts: unavailable: \
             connection failed; asks again in 1 s, and 7 times in all, within 126 s"
        );
    }
}
