//! Configuration: what can be set, in the order of `config.default.toml`, which documents every key.

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

/// Where settings come from.
pub const LAYERS: Layers = Layers {
    defaults: DEFAULTS,
    prefix: "PROCESSOR",
    dotted: &["kafka.properties"],
};

/// A configuration that was read, checked, and whose secrets are at hand.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything that can be set; holds no secret.
    pub settings: Settings,
    /// The API key of each of the projects, in their order.
    pub api_keys: Vec<SecretString>,
    /// What is odd about keys that are used all the same, with their projects.
    pub odd_api_keys: Vec<(String, Oddity)>,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The operators' listener.
    pub admin: AdminSettings,
    /// Membership in the consumer group.
    pub group: GroupSettings,
    /// The commit cycle.
    pub transactions: TransactionSettings,
    /// Lookups.
    pub lookups: LookupSettings,
    /// What is kept in memory.
    pub limits: LimitSettings,
    /// Lookups of several accounts.
    pub batch: BatchSettings,
    /// Grace periods.
    pub reconcile: GracePeriods,
    /// Listing accounts, to heal webhooks that never came.
    pub resync: ResyncConfig,
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// Names of the topics.
    pub topics: Topics,
    /// How topics are made and checked.
    pub topic_layout: TopicLayoutSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
    /// The projects.
    pub projects: Vec<ProjectSettings>,
}

/// Membership in the consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSettings {
    /// The group.
    pub id: String,
    /// What tells this replica from the others; empty for host name and admin port.
    pub instance_id: String,
    /// How long the group waits for a replica it does not hear of.
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
}

/// The commit cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionSettings {
    /// Longest time a transaction may take.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How often undecided triggers are written down.
    #[serde(with = "humantime_serde")]
    pub marker_interval: Duration,
}

/// Lookups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupSettings {
    /// Most requests under way at once.
    pub max_in_flight: usize,
    /// How long one may take.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long answers must have been unreadable, besides five attempts, before an account's triggers are put aside.
    #[serde(with = "humantime_serde")]
    pub unreadable_time: Duration,
    /// Whether events and states carry `origin_username`.
    pub include_origin_username: bool,
    /// Whether events and states carry `setup_information`.
    pub include_setup_information: bool,
}

impl LookupSettings {
    /// Which fields that may be personal data are taken over from the API.
    #[must_use]
    pub const fn personal(&self) -> PersonalFields {
        PersonalFields {
            origin_username: self.include_origin_username,
            setup_information: self.include_setup_information,
        }
    }
}

/// What is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Most accounts of a project that wait in the work queue; others wait in their state records alone.
    pub max_pending_accounts: NonZeroUsize,
    /// Most records that are neither decided nor written down; at that no more are read until half of them are.
    pub max_open_records: NonZeroUsize,
    /// Most bytes of such records.
    pub max_open_bytes: NonZeroUsize,
}

/// Listing accounts, to heal webhooks that never came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResyncConfig {
    /// How often; zero for never.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// Pages a minute.
    pub requests_per_minute: NonZeroU32,
    /// Accounts a page.
    pub page_size: NonZeroU32,
}

/// How topics are made and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicLayoutSettings {
    /// Partitions of each topic.
    pub partitions: i32,
    /// Replicas of each partition.
    pub replication: i32,
    /// Whether settings of existing topics are checked at start.
    pub check_settings: bool,
}

impl TopicLayoutSettings {
    /// How topics are made.
    #[must_use]
    pub const fn layout(self) -> TopicLayout {
        TopicLayout {
            partitions: self.partitions,
            replication: self.replication,
        }
    }
}

/// Logs and traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// How a line looks.
    #[serde(deserialize_with = "one_of")]
    pub format: LogFormat,
    /// What is logged: directives of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// The collector that spans go to, `http://HOST:PORT`; nowhere where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// A StackOne project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSettings {
    /// Its id; absent where a single project serves every webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file that holds its API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// The environment variable that holds it, for development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Its API.
    #[serde(default = "default_base_url")]
    pub base_url: Url,
    /// Requests that all replicas together send to it in a minute.
    #[serde(default = "default_requests_per_minute")]
    pub requests_per_minute: NonZeroU32,
    /// Which accounts API.
    #[serde(default, deserialize_with = "one_of")]
    pub api_version: ApiVersion,
}

impl ProjectSettings {
    /// What it is called where its id is asked for.
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("default")
    }
}

/// Of the 1,000 that StackOne allows; the rest is for listing accounts and for people.
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
    /// How a resync lists.
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

    /// The `transactional.id`: group and instance.
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
    /// The settings in effect as TOML, with everything secret left out.
    ///
    /// # Errors
    ///
    /// Where a setting cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(&Settings {
            kafka: self.settings.kafka.redacted(),
            ..self.settings.clone()
        })
    }
}
