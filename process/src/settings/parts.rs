//! Parts of settings that every service has, and how values are read so that a wrong one is told with what is expected.

use std::net::{AddrParseError, SocketAddr};

use serde::de::{Deserializer, Error as _, IntoDeserializer as _, value};
use serde::{Deserialize, Serialize};

/// The operators' listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    /// Where it listens; port 0 takes any free port.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Human on a terminal, else JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// For a person.
    Human,
}

/// Reads an enum from its name. Left to itself, the `config` crate does not say which names there are.
///
/// # Errors
///
/// Where there is no such name: the names there are.
pub fn one_of<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let name = String::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
        .map_err(|unknown: value::Error| D::Error::custom(unknown))
}

/// Reads an address.
///
/// # Errors
///
/// Where it is none: what one looks like.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let invalid = |error| format!("{text:?}: {error}; expected IP:PORT such as 127.0.0.1:8080");
    text.parse()
        .map_err(|error: AddrParseError| D::Error::custom(invalid(error)))
}
