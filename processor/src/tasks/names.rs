//! The names of all threads and tasks.

stackone_link_process::tasks! {
    pub,
    /// The reconciler's thread.
    RECONCILER = "reconciler";
    /// Commits a transaction.
    COMMIT = "a commit";
    /// Called by the Kafka client when there is something to poll.
    READABLE = "a callback of the consumer";
    /// Looks an account up.
    LOOKUP = "a lookup";
    /// Looks several accounts up at once.
    BATCH_LOOKUP = "a lookup of several accounts";
    /// Asks whether an API key is accepted.
    PROBE = "a probe";
    /// Lists a project's accounts.
    RESYNC = "a resync";
    /// Reads back when accounts were last listed.
    MARKERS = "reading markers back";
    /// Restores a partition's states.
    RESTORE = "restoring a partition";
    /// Reads records again that are put aside.
    REREAD = "reading records again";
    /// Asks the cluster about our partitions.
    CLUSTER = "asking the cluster";
    /// Looks whether Kafka's certificates have changed.
    KAFKA_RENEWAL = "looking for new certificates";
    /// Reads API key files.
    KEY_RELOAD = "reading API keys";
}
