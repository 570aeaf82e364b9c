//! The group consumer's settings.

use std::time::Duration;

use stackone_link_transport::{ClientSettings, ConfigError, KafkaConfig};

/// Group membership settings.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The group.
    pub group_id: String,
    /// How long the group waits for a member it does not hear of.
    pub session_timeout: Duration,
}

/// The property of the client after which a member that does not poll has left its group.
pub(crate) const POLL_INTERVAL: &str = "max.poll.interval.ms";
/// Its value where `kafka.properties` has none. `config/validate.rs` holds it against the longest time without a poll.
pub(crate) const DEFAULT_POLL_INTERVAL: &str = "300000";

/// The settings of a member: those that a promise rests on, then those that `kafka.properties` may set otherwise.
pub(super) fn consumer_config(
    kafka: &KafkaConfig,
    membership: &Membership,
) -> Result<ClientSettings, ConfigError> {
    let mut config = kafka.client_config(&membership.group_id)?;
    config
        .set("group.id", &membership.group_id)
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set(
            "session.timeout.ms",
            membership.session_timeout.as_millis().to_string(),
        )
        .set(
            "heartbeat.interval.ms",
            (membership.session_timeout.as_millis() / 10).to_string(),
        )
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Never in silence: the reconciler notices that the offset is not the one it expects.
        .set("auto.offset.reset", "earliest");
    // What is read ahead takes five times its bytes in memory and is taken in as fast as it is fetched, so a little is
    // enough. By default it is 100,000 records, and where that many are there the next are fetched a second later.
    for (name, value) in [
        (POLL_INTERVAL, DEFAULT_POLL_INTERVAL),
        ("queued.min.messages", "10000"),
        ("fetch.message.max.bytes", "262144"),
        ("fetch.queue.backoff.ms", "5"),
    ] {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    Ok(config)
}
