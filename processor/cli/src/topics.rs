//! `topics plan | apply`.

use std::io::Write;

use anyhow::Context as _;
use stackone_link_wire::Topic;
use stackone_processor::config::Settings;
use stackone_processor_operate::counted::counted;
use stackone_processor_operate::topics::{apply, plan};

use crate::arguments::TopicsCommand;

/// Shows or makes topics, telling `out`.
pub(crate) async fn run(
    command: TopicsCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let brokers = || format!("brokers {}", settings.kafka.bootstrap_servers);
    if matches!(command, TopicsCommand::Apply) {
        for name in apply(settings).await.with_context(brokers)? {
            let layout = settings.topic_layout;
            writeln!(
                out,
                "made {name} ({}, {})",
                counted(layout.partitions, "partition"),
                counted(layout.replication, "replica")
            )?;
        }
    }
    let findings = plan(settings).await.with_context(brokers)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        writeln!(
            out,
            "all {} topics are there and set up as they must be",
            Topic::ALL.len()
        )?;
        return Ok(());
    }
    let verb = match findings.len() {
        1 => "is not as it",
        _ => "are not as they",
    };
    anyhow::bail!("{} of the topics' settings {verb} must be", findings.len())
}
