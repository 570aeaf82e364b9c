//! The threads and tasks of this crate.

use std::io;

use stackone_link_process::spawn::Name;
use tokio::task::JoinSet;

/// What runs for as long as the service does.
pub(crate) type Tasks = JoinSet<(Name, io::Result<()>)>;

stackone_link_process::tasks! {
    pub,
    /// Accepts connections, and has them served.
    PUBLIC_LISTENER = "public listener";
    /// The same of operators.
    ADMIN_LISTENER = "admin listener";
    /// A connection to the public listener, from its first byte to its last.
    CONNECTION = "a connection";
    /// A request of an operator.
    ADMIN_REQUEST = "an operator's request";
    /// Reads the certificate again.
    CERTIFICATE_RELOAD = "certificate reload";
    /// Reads its files once.
    CERTIFICATE = "reading the certificate";
    /// A handler, on its connection's task.
    REQUEST = "a request";
    /// Follows the facts of link sessions.
    FACTS = "facts";
    /// Follows the states of accounts.
    STATES = "states";
    /// Writes down how sessions end.
    SETTLER = "settler";
    /// Replaces the publisher when Kafka's certificates change.
    KAFKA_RENEWAL = "kafka renewal";
    /// Looks whether it is due.
    RENEWAL = "looking for new certificates";
    /// Reads secrets again.
    SECRET_RELOAD = "secret reload";
    /// Reads their files once.
    SECRETS = "reading secrets";
    /// Waits for what was not acknowledged, at the end.
    FLUSH = "flushing";
}
