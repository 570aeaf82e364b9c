//! The registry of the threads and tasks that this crate starts.

stackone_link_process::tasks! {
    pub,
    /// Asks the cluster for its topics.
    METADATA = "asking for topics";
    /// Drops a client, which blocks until its threads have ended.
    FAREWELL = "dropping a client";
    /// Takes reports of records that nobody waits for any more.
    REPORTS = "reports of records";
    /// Reads passwords of Kafka, and fetches tokens.
    CREDENTIALS = "credentials of Kafka";
    /// Reads certificates, keys and CAs of Kafka.
    CERTIFICATES = "certificates of Kafka";
}
