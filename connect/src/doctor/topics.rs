//! Checks that the topics exist.

use stackone_link_transport::TopicAdmin;
use stackone_link_wire::Topic;

use super::finding::{Check, Finding};
use crate::config::Settings;

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let servers = &settings.kafka.bootstrap_servers;
    let looked = async {
        let admin = TopicAdmin::new(&settings.kafka.client())?;
        let topics = &settings.topics;
        admin.findings(topics, &Topic::OF_CONNECT, false).await
    };
    match looked.await {
        Ok(missing) if missing.is_empty() => {
            let names = Topic::OF_CONNECT.map(|topic| settings.topics.name(topic));
            vec![Finding::fine(Check::Topics, names.join(", "))]
        }
        Ok(missing) => {
            let advice =
                "they are made by `stackone-processor topics apply`; may connect see them?";
            let wrong = |found: &_| Finding::wrong(Check::Topics, format!("{found}"), advice);
            missing.iter().map(wrong).collect()
        }
        Err(error) => vec![Finding::wrong(
            Check::Topics,
            format!("{servers}: {error}"),
            "check kafka.bootstrap_servers, kafka.security, and the way to the brokers",
        )],
    }
}
