//! Configuration: what can be set, and what was read of it.

mod commands;
mod load;
mod origin;
mod print;
mod producer;
mod secret;
mod settings;
mod validate;

use stackone_link_listeners::tls::Certificate;

use crate::auth::source::Sources;

pub(crate) use commands::unusable;
pub(crate) use origin::Origin;
pub(crate) use secret::UnusableSecret;
pub use settings::{
    DEFAULTS, LimitSettings, PublishSettings, RecordEvents, SecretSettings, ServerSettings,
    Settings, ShutdownSettings, SourceSettings, StageLimits, TelemetrySettings,
};
pub use stackone_link_listeners::tls::TlsSettings;
pub use stackone_link_process::ConfigError;

/// A configuration that was read, checked, and whose secrets are at hand.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything that can be set; holds no secret.
    pub settings: Settings,
    /// The webhooks that are accepted, with their live secrets.
    pub sources: Sources,
    /// What the public listener proves who it is with; plain HTTP where absent.
    pub(crate) certificate: Option<Certificate>,
    /// Where it came from, since the list of sources is read again while the service runs.
    pub(crate) origin: Origin,
}
