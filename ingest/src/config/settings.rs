//! What can be set, in the order of `config.default.toml`, which documents every key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackone_link_listeners::ListenerSettings;
use stackone_link_listeners::tls::TlsSettings;
use stackone_link_process::Layers;
use stackone_link_process::settings::{AdminSettings, LogFormat, address, one_of};
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topics;

/// The embedded defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

pub(super) const LAYERS: Layers = Layers {
    defaults: DEFAULTS,
    prefix: "INGEST",
    dotted: &["kafka.properties"],
};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The public listener.
    pub server: ServerSettings,
    /// The operators' listener.
    pub admin: AdminSettings,
    /// How much is taken in at once.
    pub limits: LimitSettings,
    /// How webhooks are put on Kafka.
    pub publish: PublishSettings,
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// Names of the topics.
    pub topics: Topics,
    /// How the service stops.
    pub shutdown: ShutdownSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
    /// The webhooks that are accepted.
    pub sources: Vec<SourceSettings>,
}

/// The public listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Where it listens; port 0 takes any free port.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Threads that serve requests; 0 is one per core.
    pub workers: usize,
    /// Connections open at once, over all threads.
    pub max_connections: usize,
    /// Connections open at once from one peer: an IPv4 address or a /64 of IPv6.
    pub max_connections_per_peer: usize,
    /// How long a connection without a request stays open.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// How long the headers of a connection's first request may take.
    #[serde(with = "humantime_serde")]
    pub header_deadline: Duration,
    /// How long its body may take, after the headers.
    #[serde(with = "humantime_serde")]
    pub body_deadline: Duration,
    /// How long a TLS handshake may take, before the headers.
    #[serde(with = "humantime_serde")]
    pub tls_handshake_deadline: Duration,
    /// Where its certificate is; plain HTTP where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
}

impl ServerSettings {
    /// What the listener is held to.
    pub(crate) fn listener(&self, shutdown: &ShutdownSettings) -> ListenerSettings {
        ListenerSettings {
            listen: self.listen,
            workers: self.workers,
            max_connections: self.max_connections,
            max_connections_per_peer: self.max_connections_per_peer,
            keep_alive: self.keep_alive,
            header_deadline: self.header_deadline,
            shutdown_deadline: shutdown.deadline,
        }
    }
}

/// How much is taken in at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Largest body, in bytes.
    pub max_body_bytes: usize,
    /// For requests that have not been authenticated.
    pub before_authentication: StageLimits,
    /// For authentic webhooks that wait for Kafka.
    pub after_authentication: StageLimits,
}

/// What may be held at once in one stage of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageLimits {
    /// Requests, at most.
    pub requests: usize,
    /// Bytes of the bodies of these requests, at most.
    pub body_bytes: usize,
}

/// How webhooks are put on Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishSettings {
    /// How long the answer to a webhook waits for the broker's acknowledgement.
    #[serde(with = "humantime_serde")]
    pub ack_deadline: Duration,
    /// How long nothing may be acknowledged while something waits, before the producer is rebuilt.
    #[serde(with = "humantime_serde")]
    pub stall_after: Duration,
    /// How long records wait for others, to be sent together.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
    /// What becomes of webhooks about anything but accounts.
    #[serde(deserialize_with = "one_of")]
    pub record_events: RecordEvents,
}

/// What becomes of webhooks about anything but accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordEvents {
    /// They go to the record events topic.
    Publish,
    /// They are answered 200, counted, and not stored.
    Drop,
}

/// How the service stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSettings {
    /// How long it goes on accepting while `/readyz` says no.
    #[serde(with = "humantime_serde")]
    pub drain_delay: Duration,
    /// How long what is in flight may take once nothing more is accepted; whole seconds.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
}

/// Logs and traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// How a line looks.
    #[serde(deserialize_with = "one_of")]
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`: what is logged.
    pub filter: String,
    /// Whether an authentic webhook's `traceparent` says which trace it belongs to.
    pub trust_traceparent: bool,
    /// The collector that spans go to, `http://HOST:PORT`; nowhere where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
}

/// One StackOne webhook: its project and where its secrets are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// Last part of the webhook's path, label of its metrics.
    pub name: String,
    /// The StackOne project it may speak for; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Its live secrets, one or more: a signature that was made with any of them is good.
    pub secrets: Vec<SecretSettings>,
}

/// Where a secret is: a file or an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSettings {
    /// What logs and metrics call it.
    pub name: String,
    /// The file that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The environment variable that holds it, for development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
}
