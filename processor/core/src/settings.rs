//! What the processor's decisions are set to.

use std::sync::Arc;
use std::time::Duration;

use stackone_link_wire::Topics;

use crate::api_gate::Projects;
use crate::api_gate::batch::BatchSettings;
use crate::offsets::open_records::Open;
use crate::reconcile::GracePeriods;
use crate::work::backoff::Backoff;

/// What the processor's decisions are set to.
#[derive(Debug, Clone)]
pub struct DecisionSettings {
    /// The configured projects.
    pub projects: Arc<Projects>,
    /// The topics' names.
    pub topics: Topics,
    /// How often undecided triggers are written to the state topic.
    pub marker_interval: Duration,
    /// Whether triggers of an account merge while they wait. Only a measurement of the other way does without.
    pub merges_triggers: bool,
    /// What may be under way and wait at most.
    pub limits: Limits,
    /// When accounts are asked for together.
    pub batch: BatchSettings,
    /// How often each project's accounts are listed; never where absent.
    pub resync_interval: Option<Duration>,
    /// Pages of lists a minute and project, by all replicas together.
    pub resync_requests_per_minute: u32,
    /// How long answers must have been unreadable before an account's triggers are put aside.
    pub unreadable_time: Duration,
    /// How long accounts wait whose lookups fail.
    pub backoff: Backoff,
    /// Grace periods of the decision table.
    pub periods: GracePeriods,
}

/// What may be under way and wait at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Lookups of a project under way at once; a batch is one.
    pub lookups: usize,
    /// Accounts of a project that wait in memory.
    pub pending: usize,
    /// Records that may be neither decided nor written down.
    pub open: Open,
}
