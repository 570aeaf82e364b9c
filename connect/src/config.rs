//! Configuration: what can be set, and what was read with it.

mod bounds;
mod commands;
mod load;
mod origin;
mod reread;
mod secret;
mod server;
mod settings;
mod validate;

use stackone_link_listeners::tls::Certificate;

pub(crate) use origin::Origin;
pub(crate) use reread::Reread;
pub(crate) use secret::{Secret, Secrets};
pub use server::ServerSettings;
use settings::LAYERS;
pub use settings::{
    CorsSettings, DEFAULTS, HubSettings, IssuerSettings, KafkaSettings, LimitSettings,
    LookSettings, PageSettings, ProjectSettings, SecretSettings, SessionSettings, Settings,
    ShutdownSettings, StackoneSettings, TelemetrySettings, TokenSettings,
};

/// A configuration that was read and checked, and whose secrets are at hand.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything that can be set; holds no secret.
    pub settings: Settings,
    pub(crate) secrets: Secrets,
    /// What the public listener proves who it is with; plain HTTP where absent.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) origin: Origin,
}
