//! The names of all threads and tasks.

stackone_link_process::tasks! {
    pub,
    /// The reconciler's thread.
    RECONCILER = "reconciler";
    /// Commits a transaction.
    COMMIT = "a commit";
    /// Called by librdkafka when a poll may bring something.
    READABLE = "a callback of the consumer";
    /// Looks one account up.
    LOOKUP = "a lookup";
    /// Looks several accounts up by one request.
    BATCH_LOOKUP = "a lookup of several accounts";
    /// Asks whether an API key is accepted.
    PROBE = "a probe";
    /// Lists a project's accounts.
    RESYNC = "a resync";
    /// Reads back when projects were last listed.
    MARKERS = "reading markers back";
    /// Restores a partition's states.
    RESTORE = "restoring a partition";
    /// Reads records again for their dead letters.
    REREAD = "reading records again";
    /// Asks the cluster about the assigned partitions.
    CLUSTER = "asking the cluster";
    /// Compares Kafka's certificates with those in use.
    KAFKA_RENEWAL = "looking for new certificates";
    /// Reads API key files again.
    KEY_RELOAD = "reading API keys";
}
