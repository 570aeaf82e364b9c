//! The metrics of the processor. Values of labels come from enums and from validated configuration,
//! never from input.

mod api;
mod commits;
mod maker;
mod partitions;
mod projects;
mod records;
mod resync;
mod waiting;
mod zeros;

use prometheus::{Histogram, IntGauge};
use stackone_link_process::metrics::{Description, Metrics as Registry};

use maker::Maker;

pub use api::ApiMetrics;
pub use commits::CommitMetrics;
pub use partitions::PartitionMetrics;
pub use projects::ProjectMetrics;
pub use records::RecordMetrics;
pub use resync::ResyncMetrics;
pub use waiting::WaitingMetrics;

/// The metrics of one processor, in a registry of its own, so that several can run in one process.
pub struct Metrics {
    registry: Registry,
    /// Records, from their consumption to their disposition.
    pub records: RecordMetrics,
    /// Accounts that wait for a lookup.
    pub waiting: WaitingMetrics,
    /// Transactions.
    pub commits: CommitMetrics,
    /// Requests to StackOne's API.
    pub api: ApiMetrics,
    /// Accounts whose states are in memory.
    pub state_accounts: IntGauge,
    /// What holds a project's accounts up.
    pub projects: ProjectMetrics,
    /// Resyncs.
    pub resync: ResyncMetrics,
    /// Seconds that restoring a partition took.
    pub restore_duration: Histogram,
    /// Existing and processed partitions.
    pub partitions: PartitionMetrics,
}

impl Metrics {
    /// Makes and registers all metrics.
    ///
    /// # Errors
    ///
    /// Fails where two metrics have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new(Some("stackone_processor"))?;
        let make = Maker(&registry);
        make.of_the_process()?;
        Ok(Self {
            records: RecordMetrics::new(&make)?,
            waiting: WaitingMetrics::new(&make)?,
            commits: CommitMetrics::new(&make)?,
            api: ApiMetrics::new(&make)?,
            state_accounts: make.gauge("state_accounts", "Accounts in memory")?,
            projects: ProjectMetrics::new(&make)?,
            resync: ResyncMetrics::new(&make)?,
            restore_duration: make
                .histogram("restore_duration_seconds", "Time to restore a partition")?,
            partitions: PartitionMetrics::new(&make)?,
            registry,
        })
    }

    /// Returns the registry that `/metrics` is written from.
    #[must_use]
    pub const fn registry(&self) -> &prometheus::Registry {
        self.registry.registry()
    }

    /// Lists every metric but those of the process: the names that alerts and dashboards may use.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        self.registry.descriptions()
    }

    /// Counts `count` records by their disposition.
    pub fn disposed(&self, disposition: &str, reason: &str, count: u64) {
        self.records
            .by_outcome
            .with_label_values(&[disposition, reason])
            .inc_by(count);
    }
}
