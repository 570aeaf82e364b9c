//! Blocking work of operators' commands.

stackone_link_process::tasks! {
    pub,
    /// Of `doctor`: looks at the brokers.
    DOCTOR = "looking at brokers";
    /// Reads the state topic.
    STATES = "reading states";
    /// Of `redrive`: puts dead letters back.
    REDRIVE = "a redrive";
}
