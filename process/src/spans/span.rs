//! A span: one piece of work that is done.

use std::time::{Duration, SystemTime};

/// How long the last spans may take when the service ends.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A piece of work that is done, as part of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The id of the trace (W3C Trace Context, `trace-id`); not 0.
    pub trace_id: u128,
    /// The id of this span (`parent-id` of what follows from it); not 0.
    pub span_id: u64,
    /// The span that led to this one; `None` where the trace begins here.
    pub parent_id: Option<u64>,
    /// What asked for the work.
    pub kind: Kind,
    /// The kind of work. Names are few, since collectors group by them.
    pub name: &'static str,
    /// When the work began, by this machine's clock.
    pub started: SystemTime,
    /// When it was done, by the same clock.
    pub ended: SystemTime,
    /// Further facts. Everyone who may look at traces reads them, so they hold no secret and
    /// nothing from a body.
    pub attributes: Vec<(&'static str, String)>,
    /// Whether the work failed by a fault of the service.
    pub failed: bool,
}

/// What asked for a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An HTTP request: kind SERVER of OTLP.
    Server,
    /// A consumed record: kind CONSUMER of OTLP.
    Consumer,
}
