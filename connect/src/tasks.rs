//! The registry of the threads and tasks that this crate starts.

use std::io;

use stackone_link_process::spawn::Name;
use tokio::task::JoinSet;

/// The tasks that run for as long as the service does.
pub(crate) type Tasks = JoinSet<(Name, io::Result<()>)>;

stackone_link_process::tasks! {
    pub,
    /// Accepts public connections and serves them.
    PUBLIC_LISTENER = "public listener";
    /// Accepts operators' connections and serves them.
    ADMIN_LISTENER = "admin listener";
    /// A connection to the public listener, from its first byte to its last.
    CONNECTION = "a connection";
    /// A request to the operators' listener.
    ADMIN_REQUEST = "an operator's request";
    /// Reads the certificate again, every second.
    CERTIFICATE_RELOAD = "certificate reload";
    /// Reads the certificate's files once.
    CERTIFICATE = "reading the certificate";
    /// The handler of a request, on its connection's task.
    REQUEST = "a request";
    /// Follows the topic of link sessions.
    FACTS = "facts";
    /// Follows the topic of account states.
    STATES = "states";
    /// Writes down how sessions end.
    SETTLER = "settler";
    /// Replaces the publisher when Kafka's certificates change.
    KAFKA_RENEWAL = "kafka renewal";
    /// Checks whether that replacement is due.
    RENEWAL = "looking for new certificates";
    /// Reads secrets again, every second.
    SECRET_RELOAD = "secret reload";
    /// Reads the files of secrets once.
    SECRETS = "reading secrets";
    /// Waits for unacknowledged records when the service stops.
    FLUSH = "flushing";
}
