//! The threads and tasks of this crate.

stackone_link_process::tasks! {
    pub,
    /// Asks the cluster for its topics.
    METADATA = "asking for topics";
    /// Drops a client, which waits for its threads.
    FAREWELL = "dropping a client";
    /// Reads passwords and fetches tokens of Kafka.
    CREDENTIALS = "credentials of Kafka";
    /// Reads certificates, keys and CAs of Kafka.
    CERTIFICATES = "certificates of Kafka";
}
