//! `topics plan | apply`: prints what is wrong with topics, or makes missing ones.

use std::io::Write;

use anyhow::Context as _;
use clap::Subcommand;
use stackone_link_process::counted::counted;
use stackone_link_wire::Topic;
use stackone_processor::config::Settings;
use stackone_processor_operate::topics::{apply, plan};

use crate::contact;

/// The subcommands of `topics`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TopicsCommand {
    /// Show topics that are missing, or whose settings would damage data or hold up dead letters;
    /// exit code 1 if there are any. Changes nothing.
    Plan,
    /// Make the missing topics. Existing ones are never changed.
    Apply,
}

/// Shows or makes topics, and prints the result.
pub(crate) async fn run(
    command: TopicsCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    contact::made(&settings.kafka).await?;
    let brokers = || format!("brokers {}", settings.kafka.bootstrap_servers);
    if matches!(command, TopicsCommand::Apply) {
        for made in apply(settings).await.with_context(brokers)? {
            writeln!(
                out,
                "made {} ({}, {})",
                made.name,
                counted(made.partitions, "partition"),
                counted(made.replication, "replica")
            )?;
        }
    }
    let findings = plan(settings).await.with_context(brokers)?;
    for finding in &findings {
        let note = if finding.is_wrong() { "" } else { "note: " };
        writeln!(out, "{note}{finding}")?;
    }
    let wrong = findings.iter().filter(|finding| finding.is_wrong()).count();
    if wrong == 0 {
        writeln!(
            out,
            "all {} topics are there and set up as they must be",
            Topic::ALL.len()
        )?;
        return Ok(());
    }
    let verb = match wrong {
        1 => "is not as it",
        _ => "are not as they",
    };
    anyhow::bail!("{wrong} of the topics' settings {verb} must be")
}
