//! The settings that decisions depend on.

use std::sync::Arc;
use std::time::Duration;

use stackone_link_wire::Topics;

use crate::api_gate::Projects;
use crate::api_gate::batch::BatchSettings;
use crate::offsets::open_records::Open;
use crate::reconcile::GracePeriods;
use crate::work::backoff::Backoff;

/// The settings that decisions depend on.
#[derive(Debug, Clone)]
pub struct DecisionSettings {
    /// The configured projects.
    pub projects: Arc<Projects>,
    /// The names of all topics.
    pub topics: Topics,
    /// How often markers are written.
    pub marker_interval: Duration,
    /// Whether triggers of an account merge while they wait. Only measurements switch it off.
    pub merges_triggers: bool,
    /// Bounds of what is under way and of what waits.
    pub limits: Limits,
    /// When one request asks for several accounts.
    pub batch: BatchSettings,
    /// How often each project is listed; `None` switches lists off.
    pub resync_interval: Option<Duration>,
    /// How many pages of a project's list are read in a minute, by all replicas together.
    pub resync_requests_per_minute: u32,
    /// How long answers must have been unreadable before an account's triggers become dead letters.
    pub unreadable_time: Duration,
    /// How the waits after failed lookups grow.
    pub backoff: Backoff,
    /// The grace periods of the decision table.
    pub periods: GracePeriods,
}

/// Bounds of what is under way and of what waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most lookups of a project that are under way at once; a batch counts once.
    pub lookups: usize,
    /// The most accounts of a project in the work queue.
    pub pending: usize,
    /// The most open records and bytes.
    pub open: Open,
}
