//! How long records wait for others: `publish.linger`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Its name in the configuration.
const ADAPTIVE: &str = "adaptive";

/// How long records wait for others, to be sent together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linger {
    /// Not at all while few are under way, a little while many are.
    Adaptive,
    /// Always this long.
    Fixed(Duration),
}

impl fmt::Display for Linger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adaptive => formatter.write_str(ADAPTIVE),
            Self::Fixed(linger) => {
                humantime_serde::re::humantime::format_duration(*linger).fmt(formatter)
            }
        }
    }
}

impl Serialize for Linger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Linger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == ADAPTIVE {
            return Ok(Self::Adaptive);
        }
        let linger = humantime_serde::re::humantime::parse_duration(&text);
        linger.map(Self::Fixed).map_err(|error| {
            de::Error::custom(format!(
                "{text:?}: {error}; expected \"{ADAPTIVE}\" or a duration such as \"5ms\""
            ))
        })
    }
}
