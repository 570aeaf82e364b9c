//! What can be set, in the order of `config.default.toml`, which documents every key.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackone_link_process::Layers;
use stackone_link_process::settings::{AdminSettings, LogFormat, one_of};
use stackone_link_transport::{KafkaConfig, Security};
use stackone_link_wire::Topics;
use url::Url;

use super::server::ServerSettings;

/// The embedded defaults.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

pub(super) const LAYERS: Layers = Layers {
    defaults: DEFAULTS,
    prefix: "CONNECT",
    dotted: &["kafka.properties"],
};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct Settings {
    pub server: ServerSettings,
    pub admin: AdminSettings,
    pub limits: LimitSettings,
    pub sessions: SessionSettings,
    pub cors: CorsSettings,
    pub pages: PageSettings,
    pub tokens: TokenSettings,
    #[serde(default)]
    pub service_tokens: Vec<SecretSettings>,
    #[serde(default)]
    pub issuers: Vec<IssuerSettings>,
    pub projects: Vec<ProjectSettings>,
    pub stackone: StackoneSettings,
    pub hub: HubSettings,
    pub look: LookSettings,
    pub kafka: KafkaSettings,
    pub topics: Topics,
    pub shutdown: ShutdownSettings,
    pub telemetry: TelemetrySettings,
}

/// How much is taken in at once, and within an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct LimitSettings {
    pub max_body_bytes: usize,
    pub requests_before_authentication: usize,
    pub requests_after_authentication: usize,
    pub streams: usize,
    pub streams_per_session: usize,
    pub streams_per_tenant: usize,
    pub sessions_per_tenant_and_hour: usize,
    pub tokens_per_tenant_and_hour: usize,
}

/// Link sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct SessionSettings {
    pub include_user_name: bool,
    pub return_origins: Vec<Url>,
    #[serde(with = "humantime_serde")]
    pub read_back_deadline: Duration,
}

/// Pages that may call the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct CorsSettings {
    pub origins: Vec<String>,
}

/// Pages of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct PageSettings {
    pub frame_ancestors: Vec<String>,
}

/// Keys of client tokens and mailed links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct TokenSettings {
    pub keys: Vec<SecretSettings>,
}

/// Where a secret is: a file or an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct SecretSettings {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
}

/// A host product that signs JWTs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct IssuerSettings {
    pub issuer: String,
    pub audience: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default = "IssuerSettings::tenant_claim")]
    pub tenant_claim: String,
    #[serde(default = "IssuerSettings::tenant_name_claim")]
    pub tenant_name_claim: String,
    #[serde(default = "IssuerSettings::user_name_claim")]
    pub user_name_claim: String,
    #[serde(default = "IssuerSettings::scope_claim")]
    pub scope_claim: String,
}

impl IssuerSettings {
    fn tenant_claim() -> String {
        "tenant_id".to_owned()
    }

    fn tenant_name_claim() -> String {
        "tenant_name".to_owned()
    }

    fn user_name_claim() -> String {
        "user_name".to_owned()
    }

    fn scope_claim() -> String {
        "scope".to_owned()
    }
}

/// A StackOne project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct ProjectSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub base_url: Url,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
}

/// How StackOne is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct StackoneSettings {
    pub requests_per_minute: u32,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

/// Where the Hub comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct HubSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_url: Option<Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// When the processor is asked to look at an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct LookSettings {
    pub enabled: bool,
    #[serde(with = "humantime_serde")]
    pub after: Duration,
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
}

/// How Kafka is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct KafkaSettings {
    pub bootstrap_servers: String,
    pub group: String,
    #[serde(with = "humantime_serde")]
    pub ack_deadline: Duration,
    #[serde(default)]
    pub security: Security,
    #[serde(default)]
    pub properties: std::collections::BTreeMap<String, String>,
}

impl KafkaSettings {
    /// What every client of Kafka is made of.
    pub(crate) fn client(&self) -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: self.bootstrap_servers.clone(),
            security: self.security.clone(),
            properties: self.properties.clone(),
        }
    }
}

/// How the service stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct ShutdownSettings {
    #[serde(with = "humantime_serde")]
    pub drain_delay: Duration,
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct TelemetrySettings {
    #[serde(deserialize_with = "one_of")]
    pub format: LogFormat,
    pub filter: String,
}
