//! The threads and tasks of this crate.

use std::io;

use stackone_link_process::spawn::Name;
use tokio::task::JoinSet;

/// What runs for as long as the service does, and how it ended.
pub(crate) type Tasks = JoinSet<(Name, io::Result<()>)>;

stackone_link_process::tasks! {
    pub,
    /// Accepts StackOne's connections, and has them served.
    PUBLIC_LISTENER = "public listener";
    /// Accepts operators' connections, and has them served.
    ADMIN_LISTENER = "admin listener";
    /// A connection to the public listener, from its first byte to its last.
    CONNECTION = "a connection";
    /// The handler of a webhook, on its connection's task.
    REQUEST = "a request";
    /// A request of an operator.
    ADMIN_REQUEST = "an operator's request";
    /// Asks Kafka for the topics every minute; twice a second while one is missing.
    KAFKA_CHECK = "kafka check";
    /// One question to Kafka for the topics; it blocks for up to 2 s.
    MISSING_TOPICS = "asking which topics are missing";
    /// Compares what the topics take with the largest webhook.
    TOPIC_SIZES = "topic sizes";
    /// Has a publisher that makes no progress replaced.
    WATCHDOG = "watchdog";
    /// Has the certificate of the public listener read again every second.
    CERTIFICATE_RELOAD = "certificate reload";
    /// One reading of the certificate's files.
    CERTIFICATE = "reading the certificate";
    /// Has sources and secrets read again every second.
    SECRET_RELOAD = "secret reload";
    /// One reading of the files of sources and secrets.
    SECRETS = "reading secrets";
    /// Replaces the publisher when Kafka's certificates change.
    KAFKA_RENEWAL = "kafka renewal";
    /// One reading of the files of Kafka's certificates.
    RENEWAL = "looking for new certificates";
    /// Makes another publisher in the place of one that makes no progress.
    REBUILD = "producer-rebuild";
    /// Drops a publisher that was replaced.
    RETIRE = "producer-retire";
    /// Waits, when the service stops, for the records that Kafka has not acknowledged.
    FLUSH = "flushing";
}
