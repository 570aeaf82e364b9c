//! The topics that the pipeline needs: what is wrong with them, and making those that are missing.

use stackone_link_transport::{TopicAdmin, TopicAdminError, TopicFinding};
use stackone_link_wire::Topic;
use stackone_processor::config::Settings;

/// A topic that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// How many partitions it has: of events and states, as many as the other has.
    pub partitions: i32,
    /// How many replicas each of them has.
    pub replication: i32,
}

/// What is missing, or set up so that data would be damaged, held up or lost too soon; the worst first.
///
/// # Errors
///
/// Where the cluster cannot be asked.
pub async fn plan(settings: &Settings) -> Result<Vec<TopicFinding>, TopicAdminError> {
    let (topics, is_checked) = (&settings.topics, settings.topic_layout.check_settings);
    let admin = TopicAdmin::new(&settings.kafka)?.resyncing_every(settings.resync.interval);
    admin.findings(topics, &Topic::ALL, is_checked).await
}

/// Makes the topics that are missing. Existing ones are never changed.
///
/// # Errors
///
/// Where the cluster cannot be asked, or refuses.
pub async fn apply(settings: &Settings) -> Result<Vec<Made>, TopicAdminError> {
    let layout = settings.topic_layout.layout();
    let admin = TopicAdmin::new(&settings.kafka)?;
    let names = admin
        .make_missing(&settings.topics, &Topic::ALL, layout)
        .await?;
    let mut made = Vec::new();
    for name in names {
        made.push(Made {
            partitions: admin.partition_count(&name).await?,
            replication: layout.replication,
            name,
        });
    }
    Ok(made)
}
