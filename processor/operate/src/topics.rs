//! The topics that the pipeline needs: what is wrong with them, and making those that are missing.

use stackone_link_transport::{TopicAdmin, TopicAdminError, TopicFinding};
use stackone_link_wire::Topic;
use stackone_processor::config::Settings;

/// What is missing, or set up so that data would be damaged or held up.
///
/// # Errors
///
/// Where the cluster cannot be asked.
pub async fn plan(settings: &Settings) -> Result<Vec<TopicFinding>, TopicAdminError> {
    let (topics, is_checked) = (&settings.topics, settings.topic_layout.check_settings);
    let admin = TopicAdmin::new(&settings.kafka)?;
    admin.findings(topics, &Topic::ALL, is_checked).await
}

/// Makes the topics that are missing, and names them. Existing ones are never changed.
///
/// # Errors
///
/// Where the cluster cannot be asked, or refuses.
pub async fn apply(settings: &Settings) -> Result<Vec<String>, TopicAdminError> {
    let layout = settings.topic_layout.layout();
    let admin = TopicAdmin::new(&settings.kafka)?;
    admin
        .make_missing(&settings.topics, &Topic::ALL, layout)
        .await
}
