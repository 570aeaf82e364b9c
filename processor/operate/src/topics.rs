//! Checks the topics that the pipeline needs, and makes missing ones.

use stackone_link_transport::{TopicAdmin, TopicAdminError, TopicFinding};
use stackone_link_wire::Topic;
use stackone_processor::config::Settings;

/// A topic that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The name of the topic.
    pub name: String,
    /// Its number of partitions. The topics of events and of states get the same number.
    pub partitions: i32,
    /// The number of replicas of each partition.
    pub replication: i32,
}

/// Returns which topics are missing, or have settings that would damage data, hold it up or lose it
/// too soon; the worst first.
///
/// # Errors
///
/// Fails where the cluster does not answer.
pub async fn plan(settings: &Settings) -> Result<Vec<TopicFinding>, TopicAdminError> {
    let (topics, is_checked) = (&settings.topics, settings.topic_layout.check_settings);
    let admin = TopicAdmin::new(&settings.kafka)?.resyncing_every(settings.resync.interval);
    admin.findings(topics, &Topic::ALL, is_checked).await
}

/// Makes the missing topics. Existing ones are never changed.
///
/// # Errors
///
/// Fails where the cluster does not answer, or refuses.
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
