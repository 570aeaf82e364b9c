//! `topics plan | apply`.

use std::io::Write;

use anyhow::Context as _;
use stackone_link_transport::TopicAdmin;
use stackone_link_wire::Topic;

use crate::cli::TopicsCommand;
use crate::config::Settings;

/// Shows or makes topics, telling `out`.
///
/// # Errors
///
/// Where the cluster cannot be asked, or something is not as it must be.
pub async fn run(
    command: TopicsCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let admin = TopicAdmin::new(&settings.kafka)?;
    let topics = &settings.topics;
    if matches!(command, TopicsCommand::Apply) {
        let made = admin
            .make_missing(topics, &Topic::ALL, settings.topic_layout.layout())
            .await;
        let made = made.with_context(|| format!("brokers {}", settings.kafka.bootstrap_servers))?;
        for name in &made {
            let layout = settings.topic_layout;
            writeln!(
                out,
                "made {name} ({} partitions, {} replicas)",
                layout.partitions, layout.replication
            )?;
        }
    }
    let findings = admin
        .findings(topics, &Topic::ALL, settings.topic_layout.check_settings)
        .await;
    let findings =
        findings.with_context(|| format!("brokers {}", settings.kafka.bootstrap_servers))?;
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
    anyhow::bail!(
        "{} of the topics' settings are not as they must be",
        findings.len()
    )
}
