//! The services that are compared. All are the same program; only their configuration differs.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As it is shipped.
    Adaptive,
    /// `publish.linger` fixed to so many milliseconds.
    Linger(u32),
    /// Everything but publishing: `record_events = "drop"`, which answers at once what would be published.
    Limit,
}

impl Variant {
    pub(crate) const FIXED: [Self; 3] = [Self::Linger(0), Self::Linger(1), Self::Linger(5)];
    pub(crate) const ALL: [Self; 5] = [
        Self::Adaptive,
        Self::FIXED[0],
        Self::FIXED[1],
        Self::FIXED[2],
        Self::Limit,
    ];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Adaptive => "adaptive".to_owned(),
            Self::Linger(millis) => format!("linger {millis} ms"),
            Self::Limit => "limit".to_owned(),
        }
    }

    /// Its configuration.
    pub(crate) fn toml(self, bootstrap_servers: &str) -> String {
        let own = match self {
            Self::Adaptive => String::new(),
            Self::Linger(millis) => format!("[publish]\nlinger = \"{millis}ms\"\n"),
            Self::Limit => "[publish]\nrecord_events = \"drop\"\n".to_owned(),
        };
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[shutdown]\ndrain_delay = \"0s\"\n\
             [telemetry]\nformat = \"json\"\n[kafka]\nbootstrap_servers = \"{bootstrap_servers}\"\n{own}"
        )
    }
}
