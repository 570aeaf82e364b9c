//! What is known of a piece of work that is done.

use std::time::{Duration, SystemTime};

/// How long the last spans may take, at the end.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A piece of work that is done, as part of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The id of the trace, W3C's `trace-id`; not 0.
    pub trace_id: u128,
    /// Its own id; not 0.
    pub span_id: u64,
    /// The span that led to it; none where the trace began with this one.
    pub parent_id: Option<u64>,
    /// What asked for it.
    pub kind: Kind,
    /// What was done: one of few names.
    pub name: &'static str,
    /// The time at which the work began, by this machine's clock.
    pub started: SystemTime,
    /// The time at which it was done, by the same clock.
    pub ended: SystemTime,
    /// What is to be known of it. Whoever may look at traces can read it: nothing secret, and nothing that a body says.
    pub attributes: Vec<(&'static str, String)>,
    /// Whether it did not come to what it was to do, by a fault of ours.
    pub failed: bool,
}

/// What asked for a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request over HTTP: OTLP's kind SERVER.
    Server,
    /// A record that was consumed: OTLP's kind CONSUMER.
    Consumer,
}
