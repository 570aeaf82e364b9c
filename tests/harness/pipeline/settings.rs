//! What a test may set of the services under test.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The project of the tests.
pub const PROJECT: &str = "acmeinc-27270";
/// Its API key.
pub const API_KEY: &str = "v1.eu1.test";

/// A second project, where a test wants one.
pub const OTHER_PROJECT: &str = "acmeinc-27271";
pub(super) const OTHER_API_KEY: &str = "v1.eu1.other";

/// What a test may set.
#[derive(Debug, Clone)]
pub struct PipelineSettings {
    /// Partitions of each topic.
    pub partitions: i32,
    /// `reconcile.activation_grace`.
    pub activation_grace: Duration,
    /// `reconcile.delete_grace`.
    pub delete_grace: Duration,
    /// `reconcile.delete_confirm`.
    pub delete_confirm: Duration,
    /// `reconcile.vanish_grace`.
    pub vanish_grace: Duration,
    /// `reconcile.lag_recheck`.
    pub lag_recheck: Duration,
    /// `group.session_timeout`. Kafka refuses less than 6 s, the embedded broker does not.
    pub session_timeout: Duration,
    /// `lookups.max_in_flight`.
    pub max_in_flight: NonZeroUsize,
    /// `lookups.timeout`.
    pub lookup_timeout: Duration,
    /// `lookups.unreadable_time`.
    pub unreadable_time: Duration,
    /// `lookups.include_origin_username`.
    pub include_origin_username: bool,
    /// `lookups.include_setup_information`.
    pub include_setup_information: bool,
    /// `transactions.timeout`.
    pub transaction_timeout: Duration,
    /// `resync.interval`: never, unless a test wants lists. The first begins at once.
    pub resync_interval: Duration,
    /// The id of the configured project; none to serve every webhook.
    pub project: Option<String>,
    /// Whether there is [`OTHER_PROJECT`], too.
    pub has_other_project: bool,
    /// `limits.max_pending_accounts`.
    pub max_pending_accounts: NonZeroUsize,
    /// `limits.max_open_records`.
    pub max_open_records: NonZeroUsize,
    /// `batch.max_ids`.
    pub max_ids: u32,
    /// `projects.requests_per_minute`.
    pub requests_per_minute: NonZeroU32,
    /// Requests a minute that the simulator allows.
    pub rate_limit: NonZeroU32,
    /// `publish.ack_deadline` of ingest, in whole seconds.
    pub ack_deadline: Duration,
    /// `telemetry.otlp_endpoint` of both services; none in builds without the feature `otlp`.
    pub otlp_endpoint: Option<String>,
    /// `telemetry.trust_traceparent` of ingest.
    pub trust_traceparent: bool,
    /// `telemetry.filter` of processors.
    pub log_filter: Option<String>,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            partitions: 3,
            activation_grace: Duration::from_secs(2),
            delete_grace: Duration::from_secs(2),
            delete_confirm: Duration::from_secs(1),
            vanish_grace: Duration::from_secs(3),
            lag_recheck: Duration::from_millis(200),
            session_timeout: Duration::from_secs(6),
            max_in_flight: NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN),
            lookup_timeout: Duration::from_secs(5),
            unreadable_time: Duration::from_secs(1),
            include_origin_username: true,
            include_setup_information: false,
            transaction_timeout: Duration::from_secs(10),
            resync_interval: Duration::ZERO,
            project: Some(PROJECT.to_owned()),
            has_other_project: false,
            max_pending_accounts: NonZeroUsize::new(100_000).unwrap_or(NonZeroUsize::MAX),
            max_open_records: NonZeroUsize::new(100_000).unwrap_or(NonZeroUsize::MAX),
            max_ids: 50,
            requests_per_minute: NonZeroU32::new(60_000).unwrap_or(NonZeroU32::MAX),
            rate_limit: NonZeroU32::new(100_000).unwrap_or(NonZeroU32::MAX),
            ack_deadline: Duration::from_secs(5),
            otlp_endpoint: None,
            trust_traceparent: false,
            log_filter: None,
        }
    }
}
