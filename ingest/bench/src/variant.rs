//! The services that are compared: one program in several configurations, and a plain prototype.

use clap::ValueEnum;

/// What the prototype publishes of a webhook beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Records {
    /// The account as the key.
    Keyed,
    /// The account as the key, and as many headers as the service's records have, of their size.
    WithHeaders,
    /// Nothing; librdkafka fills one partition at a time.
    WithoutKeys,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As it is shipped.
    Shipped,
    /// As it is shipped, of another build.
    Before,
    /// `publish.linger` fixed to so many milliseconds.
    Linger(u32),
    /// As it is shipped, but with at most so many requests to a broker under way at once.
    InFlight(u32),
    /// The plain prototype, with linger 0.
    Prototype(Records),
    /// Everything but publishing: `record_events = "drop"`, which answers at once what would be
    /// published.
    Limit,
}

impl Variant {
    pub(crate) const FIXED: [Self; 2] = [Self::Linger(1), Self::Linger(5)];
    pub(crate) const PROTOTYPES: [Self; 3] = [
        Self::Prototype(Records::Keyed),
        Self::Prototype(Records::WithHeaders),
        Self::Prototype(Records::WithoutKeys),
    ];
    pub(crate) const ALL: [Self; 8] = [
        Self::Shipped,
        Self::FIXED[0],
        Self::FIXED[1],
        Self::InFlight(2),
        Self::PROTOTYPES[0],
        Self::PROTOTYPES[1],
        Self::PROTOTYPES[2],
        Self::Limit,
    ];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Shipped => "as shipped".to_owned(),
            Self::Before => "before".to_owned(),
            Self::Linger(millis) => format!("linger {millis} ms"),
            Self::InFlight(requests) => format!("{requests} in flight"),
            Self::Prototype(Records::Keyed) => "prototype".to_owned(),
            Self::Prototype(Records::WithHeaders) => "prototype with headers".to_owned(),
            Self::Prototype(Records::WithoutKeys) => "prototype without keys".to_owned(),
            Self::Limit => "limit".to_owned(),
        }
    }

    /// Its configuration.
    pub(crate) fn toml(self, bootstrap_servers: &str) -> String {
        let own = match self {
            Self::Shipped | Self::Before | Self::Prototype(_) => String::new(),
            Self::Linger(millis) => format!("[publish]\nlinger = \"{millis}ms\"\n"),
            Self::InFlight(requests) => format!(
                "[kafka.properties]\n\"max.in.flight.requests.per.connection\" = \"{requests}\"\n"
            ),
            Self::Limit => "[publish]\nrecord_events = \"drop\"\n".to_owned(),
        };
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[shutdown]\ndrain_delay = \"0s\"\n\
             [telemetry]\nformat = \"json\"\n[kafka]\nbootstrap_servers = \"{bootstrap_servers}\"\n{own}"
        )
    }
}
