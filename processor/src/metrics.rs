//! What the processor counts. Label values come from enums in the code or from validated configuration, never from input.

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
    /// Of records, from their consumption to what became of them.
    pub records: RecordMetrics,
    /// Of accounts that wait to be looked up, and what they wait for.
    pub waiting: WaitingMetrics,
    /// Of transactions.
    pub commits: CommitMetrics,
    /// Of requests to StackOne's API.
    pub api: ApiMetrics,
    /// Accounts in memory.
    pub state_accounts: IntGauge,
    /// What holds a project's accounts up.
    pub projects: ProjectMetrics,
    /// Of resyncs.
    pub resync: ResyncMetrics,
    /// How long restoring a partition took.
    pub restore_duration: Histogram,
    /// How many partitions there are, and are processed.
    pub partitions: PartitionMetrics,
}

impl Metrics {
    /// Fresh metrics.
    ///
    /// # Errors
    ///
    /// Where two metrics have one name.
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

    /// The registry, for `/metrics`.
    #[must_use]
    pub const fn registry(&self) -> &prometheus::Registry {
        self.registry.registry()
    }

    /// Every metric, those of the process left out: what alerts and dashboards may name.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        self.registry.descriptions()
    }

    /// What became of `count` records.
    pub fn disposed(&self, disposition: &str, reason: &str, count: u64) {
        self.records
            .by_outcome
            .with_label_values(&[disposition, reason])
            .inc_by(count);
    }
}
