//! The blocking tasks of operators' commands.

stackone_link_process::tasks! {
    pub,
    /// Of `doctor`: observes the brokers.
    DOCTOR = "looking at brokers";
    /// Asks whether any broker answers.
    CONTACT = "a first question to the brokers";
    /// Reads the state topic.
    STATES = "reading states";
    /// Of `explain`: reads what there is of an account.
    EXPLAIN = "a look at an account";
    /// Of `redrive`: puts dead letters back.
    REDRIVE = "a redrive";
}
