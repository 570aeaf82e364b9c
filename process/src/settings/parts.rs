//! Sections of settings that every service has, and readers of values that say what was expected.

use std::net::{AddrParseError, SocketAddr};

use serde::de::{Deserializer, Error as _, IntoDeserializer as _, value};
use serde::{Deserialize, Serialize};

/// Settings of the operators' listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    /// The address that it listens on; port 0 takes any free port.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// [`Self::Human`] on a terminal, else [`Self::Json`].
    Auto,
    /// One JSON object in each line.
    Json,
    /// Text for a person.
    Human,
}

/// Reads an enum from its name. By itself, the `config` crate does not say which names there are.
///
/// # Errors
///
/// Fails where no variant has that name, and lists the names.
pub fn one_of<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let name = String::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
        .map_err(|unknown: value::Error| D::Error::custom(unknown))
}

/// Reads an address and its port.
///
/// # Errors
///
/// Fails where the text is no address, and shows an example of one.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let invalid = |error| format!("{text:?}: {error}; expected IP:PORT such as 127.0.0.1:8080");
    text.parse()
        .map_err(|error: AddrParseError| D::Error::custom(invalid(error)))
}
