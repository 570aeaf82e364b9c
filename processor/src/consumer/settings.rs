//! Settings of the group consumer.

use std::time::Duration;

use stackone_link_transport::{ClientSettings, ConfigError, KafkaConfig};

/// Membership in the consumer group.
#[derive(Debug, Clone)]
pub struct Membership {
    /// `group.id`.
    pub group_id: String,
    /// How long the group waits for a member that sends no heartbeat.
    pub session_timeout: Duration,
}

/// The property that says how long a member may go without a poll before it has left its group.
pub(crate) const POLL_INTERVAL: &str = "max.poll.interval.ms";
/// Its value where `kafka.properties` has none, in ms. `config/validate.rs` compares it with the
/// longest time without a poll.
pub(crate) const DEFAULT_POLL_INTERVAL: &str = "300000";

/// Returns the settings of a member: first those that promises depend on, then those that
/// `kafka.properties` may change.
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
        // The reconciler compares each offset with the one it expects, so a reset is always
        // noticed.
        .set("auto.offset.reset", "earliest");
    // A record that is read ahead takes five times its bytes in memory, and is consumed as fast as
    // it is fetched, so a small queue suffices. By default the queue holds 100,000 records, and
    // once it is full the next fetch waits a second.
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
