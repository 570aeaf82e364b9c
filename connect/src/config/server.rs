//! Settings of the public listener.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackone_link_listeners::ListenerSettings;
use stackone_link_listeners::tls::TlsSettings;
use stackone_link_process::settings::address;

/// The public listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every key")]
pub struct ServerSettings {
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    pub public_url: String,
    pub workers: usize,
    pub max_connections: usize,
    pub max_connections_per_peer: usize,
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    #[serde(with = "humantime_serde")]
    pub header_deadline: Duration,
    #[serde(with = "humantime_serde")]
    pub body_deadline: Duration,
    #[serde(with = "humantime_serde")]
    pub tls_handshake_deadline: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
}

impl ServerSettings {
    /// Returns the limits of its connections.
    pub(crate) fn listener(&self, shutdown_deadline: Duration) -> ListenerSettings {
        ListenerSettings {
            listen: self.listen,
            workers: self.workers,
            max_connections: self.max_connections,
            max_connections_per_peer: self.max_connections_per_peer,
            keep_alive: self.keep_alive,
            header_deadline: self.header_deadline,
            shutdown_deadline,
        }
    }
}
