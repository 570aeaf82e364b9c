//! What the processor counts. Label values come from enums in the code or from validated configuration, never from input.

mod api;
mod maker;
mod partitions;
mod projects;
mod resync;
mod zeros;

use prometheus::{
    GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
};
use stackone_link_process::metrics::{Description, Metrics as Registry};

use api::ApiMetrics;
use maker::Maker;

pub use partitions::PartitionMetrics;
pub use projects::ProjectMetrics;
pub use resync::ResyncMetrics;

/// The metrics of one processor, in a registry of its own, so that several can run in one process.
pub struct Metrics {
    registry: Registry,
    /// Records consumed from the account events topic.
    pub records_consumed: IntCounter,
    /// Undecided records that were found in restored states.
    pub records_restored: IntCounter,
    /// Undecided records of partitions that another member took over.
    pub records_handed_over: IntCounter,
    /// Records by what became of them, counted after the commit.
    pub records: IntCounterVec,
    /// Events emitted, counted after the commit.
    pub events_emitted: IntCounterVec,
    api: ApiMetrics,
    /// Lookups under way; one of several accounts counts once.
    pub lookups_in_flight: IntGauge,
    /// Most accounts of a project that are asked for at once.
    pub batch_limit: IntGaugeVec,
    /// Accounts that are waiting or being looked up.
    pub pending_accounts: IntGaugeVec,
    /// Seconds since the oldest undecided trigger was taken in.
    pub oldest_pending: IntGaugeVec,
    /// From the webhook's reception to the commit of the event it caused.
    pub event_age: HistogramVec,
    /// 1 while a project's API is not asked.
    pub project_halted: IntGaugeVec,
    /// 1 while a project's API is unavailable and only tried now and then.
    pub breaker_open: IntGaugeVec,
    /// Seconds until the budget allows the next lookup of a project.
    pub budget_wait: GaugeVec,
    /// Records behind the end, by partition.
    pub consumer_lag: IntGaugeVec,
    /// Committed offsets that were not among what the topic holds.
    pub offsets_out_of_range: IntCounter,
    /// Dead letters that wait because their topic refused some.
    pub dead_letters_held: IntGauge,
    /// Transactions by outcome.
    pub transactions: IntCounterVec,
    /// From begin to commit or abort.
    pub transaction_duration: Histogram,
    /// When the last transaction was committed, seconds since the epoch.
    pub last_commit: IntGauge,
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

/// Seconds, from 50 ms to an hour.
const AGE_BUCKETS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0, 300.0, 600.0, 1800.0, 3600.0,
];

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
            records_consumed: make.counter("records_consumed_total", "Records consumed from the account events topic")?,
            records_restored: make
                .counter("records_restored_total", "Undecided records found in restored states")?,
            records_handed_over: make
                .counter("records_handed_over_total", "Undecided records of partitions another member took over")?,
            records: make.counters(
                "records_total",
                "Records by what became of them, after the commit",
                &["disposition", "reason"],
            )?,
            events_emitted: make.counters("events_emitted_total", "Events emitted", &["project", "type"])?,
            api: ApiMetrics::new(&make)?,
            lookups_in_flight: make.gauge(
                "lookups_in_flight",
                "Lookups under way, a batch being one",
            )?,
            batch_limit: make.gauges("batch_limit_accounts", "Most accounts asked for at once", &["project"])?,
            pending_accounts: make.gauges("pending_accounts", "Accounts with undecided triggers", &["project"])?,
            oldest_pending: make.gauges(
                "oldest_pending_seconds",
                "Age of the oldest undecided trigger",
                &["project"],
            )?,
            event_age: make.histograms(
                "event_age_seconds",
                "From the webhook's reception to the commit of the event it caused",
                &["type"],
                AGE_BUCKETS,
            )?,
            project_halted: make.gauges(
                "project_halted",
                "1 while a project's API is not asked",
                &["project", "reason"],
            )?,
            breaker_open: make.gauges("breaker_open", "1 while a project's API is unavailable", &["project"])?,
            budget_wait: make.fractions(
                "budget_wait_seconds",
                "Until the budget allows the next lookup",
                &["project"],
            )?,
            consumer_lag: make.gauges("consumer_lag_records", "Records behind the end", &["topic", "partition"])?,
            offsets_out_of_range: make.counter(
                "offsets_out_of_range_total",
                "Times the topic no longer held the next record, so that records may have been missed",
            )?,
            dead_letters_held: make.gauge("dead_letters_held", "Dead letters that wait because their topic refused some")?,
            transactions: make.counters("transactions_total", "Transactions", &["outcome"])?,
            transaction_duration: make.histogram("transaction_duration_seconds", "From begin to commit or abort")?,
            last_commit: make.gauge("last_commit_timestamp_seconds", "When the last transaction was committed")?,
            state_accounts: make.gauge("state_accounts", "Accounts in memory")?,
            projects: ProjectMetrics::new(&make)?,
            resync: ResyncMetrics::new(&make)?,
            restore_duration: make.histogram("restore_duration_seconds", "Time to restore a partition")?,
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
            .with_label_values(&[disposition, reason])
            .inc_by(count);
    }
}
