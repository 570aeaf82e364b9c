//! The threads and tasks of this crate.

use std::io;

use stackone_link_process::spawn::Name;
use tokio::task::JoinSet;

/// What runs for as long as the service does, and how it ended.
pub(crate) type Tasks = JoinSet<(Name, io::Result<()>)>;

stackone_link_process::tasks! {
    pub,
    /// Accepts connections, and has them served.
    PUBLIC_LISTENER = "public listener";
    /// The same of operators.
    ADMIN_LISTENER = "admin listener";
    /// A connection to the public listener, from its first byte to its last.
    CONNECTION = "a connection";
    /// Its handler, on the connection's task.
    REQUEST = "a request";
    /// A request of an operator.
    ADMIN_REQUEST = "an operator's request";
    /// Asks for topics now and then.
    KAFKA_CHECK = "kafka check";
    /// Asks for them once.
    MISSING_TOPICS = "asking which topics are missing";
    /// Looks at what topics take.
    TOPIC_SIZES = "topic sizes";
    /// Has publishers made anew.
    WATCHDOG = "watchdog";
    /// Reads the certificate again.
    CERTIFICATE_RELOAD = "certificate reload";
    /// Reads its files once.
    CERTIFICATE = "reading the certificate";
    /// Reads secrets again.
    SECRET_RELOAD = "secret reload";
    /// Reads their files once.
    SECRETS = "reading secrets";
    /// Replaces the publisher when Kafka's certificates change.
    KAFKA_RENEWAL = "kafka renewal";
    /// Looks whether it is due.
    RENEWAL = "looking for new certificates";
    /// Makes a publisher anew.
    REBUILD = "producer-rebuild";
    /// Drops a publisher that was replaced.
    RETIRE = "producer-retire";
    /// Waits for what was not acknowledged, at the end.
    FLUSH = "flushing";
}
