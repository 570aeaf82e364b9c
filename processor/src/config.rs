//! Configuration: what can be set, in the order of `config.default.toml`, which documents every
//! key.

mod load;
mod secret;
mod validate;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use stackone_client_types::ApiVersion;
use stackone_client_types::PersonalFields;
use stackone_link_process::Layers;
use stackone_link_process::secret::Oddity;
use stackone_link_process::settings::{AdminSettings, LogFormat, one_of};
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::{TopicLayout, Topics};
use url::Url;

use crate::resync::ResyncSettings;
use stackone_processor_core::api_gate::batch::BatchSettings;
use stackone_processor_core::reconcile::GracePeriods;
use stackone_processor_core::work::backoff::Backoff;

pub(crate) use secret::api_key;
pub use stackone_link_process::ConfigError;

/// The embedded defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The layers that settings are read from.
pub const LAYERS: Layers = Layers {
    defaults: DEFAULTS,
    prefix: "PROCESSOR",
    dotted: &["kafka.properties"],
};

/// A configuration that was read and checked, with its secrets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings; they hold no secret.
    pub settings: Settings,
    /// The API key of each project, in the order of the settings.
    pub api_keys: Vec<SecretString>,
    /// Keys that are suspicious and used all the same, with the names of their projects.
    pub odd_api_keys: Vec<(String, Oddity)>,
}

/// All settings of the processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The operators' listener.
    pub admin: AdminSettings,
    /// Membership in the consumer group.
    pub group: GroupSettings,
    /// Transactions, and how often undecided triggers are written down.
    pub transactions: TransactionSettings,
    /// Lookups at the accounts API.
    pub lookups: LookupSettings,
    /// Bounds of what is kept in memory.
    pub limits: LimitSettings,
    /// When several accounts are asked for by one request.
    pub batch: BatchSettings,
    /// How long an answer that may come too early is doubted.
    pub reconcile: GracePeriods,
    /// Lists of all accounts, which heal webhooks that never came.
    pub resync: ResyncConfig,
    /// The brokers, and how to reach them.
    pub kafka: KafkaConfig,
    /// The names of all topics, also of those that other services use.
    pub topics: Topics,
    /// How missing topics are made, and whether existing ones are checked.
    pub topic_layout: TopicLayoutSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
    /// The projects; their order is that of the API keys.
    pub projects: Vec<ProjectSettings>,
}

/// Membership in the consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSettings {
    /// `group.id`, shared by all replicas.
    pub id: String,
    /// Tells this replica from the others; empty means host name and port of `admin.listen`.
    pub instance_id: String,
    /// How long the group waits for a replica that sends no heartbeat.
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
}

/// Settings of transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionSettings {
    /// The longest time a transaction may take: 1 to 60 s. A dead replica holds its partitions up
    /// this long.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How often undecided triggers are written to their states: at most every 10 s.
    #[serde(with = "humantime_serde")]
    pub marker_interval: Duration,
}

/// Settings of lookups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupSettings {
    /// The most requests under way at once, for each project. A batch counts once.
    pub max_in_flight: usize,
    /// How long a request may take, its answer included.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long answers must have been unreadable, besides five attempts, before the triggers of
    /// the account become dead letters.
    #[serde(with = "humantime_serde")]
    pub unreadable_time: Duration,
    /// Whether events and states contain `origin_username`, which is personal data.
    pub include_origin_username: bool,
    /// Whether events and states contain `setup_information`, which may be personal data.
    pub include_setup_information: bool,
}

impl LookupSettings {
    /// Returns which fields that may be personal data are taken over from the API.
    #[must_use]
    pub const fn personal(&self) -> PersonalFields {
        PersonalFields {
            origin_username: self.include_origin_username,
            setup_information: self.include_setup_information,
        }
    }
}

/// Bounds of what is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// The most accounts of a project in the work queue; others wait in their state records.
    pub max_pending_accounts: NonZeroUsize,
    /// The most records that are neither decided nor written down. At this bound reading pauses
    /// until half of them are.
    pub max_open_records: NonZeroUsize,
    /// The most bytes of such records.
    pub max_open_bytes: NonZeroUsize,
}

/// Settings of resyncs: lists of all accounts, which heal webhooks that never came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResyncConfig {
    /// The time from one complete list to the next; zero means never.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// Pages in a minute, besides the budget of lookups.
    pub requests_per_minute: NonZeroU32,
    /// Accounts on a page; StackOne's unified API gives 100 at most.
    pub page_size: NonZeroU32,
}

/// How missing topics are made, and whether existing ones are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicLayoutSettings {
    /// The number of partitions of each topic, which bounds the replicas of the processor.
    pub partitions: i32,
    /// The number of replicas of each partition.
    pub replication: i32,
    /// Whether the settings of existing topics are checked at the start.
    pub check_settings: bool,
}

impl TopicLayoutSettings {
    /// Returns the layout of missing topics.
    #[must_use]
    pub const fn layout(self) -> TopicLayout {
        TopicLayout {
            partitions: self.partitions,
            replication: self.replication,
        }
    }
}

/// Settings of logs and traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// The format of a line.
    #[serde(deserialize_with = "one_of")]
    pub format: LogFormat,
    /// The lines that are logged: directives of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// The collector of spans, `http://HOST:PORT`; no spans are sent where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// A StackOne project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSettings {
    /// The project's id at StackOne; absent where a single project serves every webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file of the project's API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// The environment variable of the project's API key, for development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// The address of StackOne's API.
    #[serde(default = "default_base_url")]
    pub base_url: Url,
    /// Lookups that all replicas together send in a minute.
    #[serde(default = "default_requests_per_minute")]
    pub requests_per_minute: NonZeroU32,
    /// The version of the accounts API.
    #[serde(default, deserialize_with = "one_of")]
    pub api_version: ApiVersion,
}

impl ProjectSettings {
    /// The project's name in labels and messages.
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("default")
    }
}

/// StackOne allows 1,000 requests in a minute; the rest is for lists and for people.
const fn default_requests_per_minute() -> NonZeroU32 {
    match NonZeroU32::new(900) {
        Some(requests) => requests,
        None => NonZeroU32::MIN,
    }
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn default_base_url() -> Url {
    Url::parse("https://api.stackone.com").expect("a valid URL")
}

impl Settings {
    /// Returns the settings of a resync.
    #[must_use]
    pub fn resync(&self) -> ResyncSettings {
        ResyncSettings {
            kafka: self.kafka.clone(),
            topic: self.topics.account_events.clone(),
            page_size: self.resync.page_size.get(),
            requests_per_minute: self.resync.requests_per_minute.get(),
            backoff: Backoff::default(),
        }
    }

    /// Returns the `transactional.id`, made of group and instance.
    #[must_use]
    pub fn transactional_id(&self) -> String {
        let instance = &self.group.instance_id;
        if !instance.is_empty() {
            return format!("{}-{instance}", self.group.id);
        }
        let host = gethostname::gethostname();
        format!(
            "{}-{}-{}",
            self.group.id,
            host.to_string_lossy(),
            self.admin.listen.port()
        )
    }
}

impl Config {
    /// Writes the settings in effect as TOML, without anything secret.
    ///
    /// # Errors
    ///
    /// Fails where a setting cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(&Settings {
            kafka: self.settings.kafka.redacted(),
            ..self.settings.clone()
        })
    }
}
