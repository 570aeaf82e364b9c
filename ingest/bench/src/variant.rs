//! The services that are compared: one program in several configurations, and a plain prototype.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As it is shipped.
    Adaptive,
    /// `publish.linger` fixed to so many milliseconds.
    Linger(u32),
    /// `publish.linger` fixed to 0, and so many requests to a broker under way at once.
    InFlight(u32),
    /// The plain prototype, with linger 0; whether it publishes with keys.
    Prototype { keyed: bool },
    /// Everything but publishing: `record_events = "drop"`, which answers at once what would be published.
    Limit,
}

impl Variant {
    pub(crate) const FIXED: [Self; 3] = [Self::Linger(0), Self::Linger(1), Self::Linger(5)];
    pub(crate) const PROTOTYPES: [Self; 2] = [
        Self::Prototype { keyed: true },
        Self::Prototype { keyed: false },
    ];
    pub(crate) const ALL: [Self; 8] = [
        Self::Adaptive,
        Self::FIXED[0],
        Self::FIXED[1],
        Self::FIXED[2],
        Self::InFlight(2),
        Self::PROTOTYPES[0],
        Self::PROTOTYPES[1],
        Self::Limit,
    ];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Adaptive => "adaptive".to_owned(),
            Self::Linger(millis) => format!("linger {millis} ms"),
            Self::InFlight(requests) => format!("linger 0 ms, {requests} in flight"),
            Self::Prototype { keyed: true } => "prototype".to_owned(),
            Self::Prototype { keyed: false } => "prototype without keys".to_owned(),
            Self::Limit => "limit".to_owned(),
        }
    }

    /// Its configuration.
    pub(crate) fn toml(self, bootstrap_servers: &str) -> String {
        let own = match self {
            Self::Adaptive | Self::Prototype { .. } => String::new(),
            Self::Linger(millis) => format!("[publish]\nlinger = \"{millis}ms\"\n"),
            Self::InFlight(requests) => format!(
                "[kafka.properties]\n\"max.in.flight.requests.per.connection\" = \"{requests}\"\n\
                 [publish]\nlinger = \"0ms\"\n"
            ),
            Self::Limit => "[publish]\nrecord_events = \"drop\"\n".to_owned(),
        };
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[shutdown]\ndrain_delay = \"0s\"\n\
             [telemetry]\nformat = \"json\"\n[kafka]\nbootstrap_servers = \"{bootstrap_servers}\"\n{own}"
        )
    }
}
