//! Environment variables: those that set something, and those that only look as if they did.

use std::collections::HashMap;
use std::fmt;

use config::{ConfigError, Map, Source, Value, ValueKind};

use super::Layers;
use super::source::{ORIGIN, layer};

/// A variable that begins with the service's prefix and sets nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    name: String,
    prefix: &'static str,
    meant: Option<String>,
}

impl fmt::Display for Ignored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "environment variable {} is ignored; ", self.name)?;
        match &self.meant {
            Some(meant) => write!(formatter, "write {meant}"),
            None => write!(formatter, "settings are {}__SECTION__KEY", self.prefix),
        }
    }
}

/// Entries from the environment for the tables whose keys contain dots.
#[derive(Debug, Clone)]
pub(super) struct Dotted {
    table: &'static str,
    entries: Vec<(String, String)>,
}

impl Source for Dotted {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let origin = ORIGIN.to_owned();
        let value = |kind: ValueKind| Value::new(Some(&origin), kind);
        let entry = |(key, text): &(String, String)| (key.clone(), value(text.clone().into()));
        let mut within: Map<String, Value> = self.entries.iter().map(entry).collect();
        if within.is_empty() {
            return Ok(within);
        }
        for name in self.table.rsplit('.') {
            within = Map::from([(name.to_owned(), value(within.into()))]);
        }
        Ok(within)
    }
}

impl Layers {
    /// Splits the environment into entries of tables whose keys contain dots, and the rest.
    pub(super) fn split(
        self,
        environment: &HashMap<String, String>,
    ) -> (Vec<Dotted>, HashMap<String, String>) {
        let mut rest = environment.clone();
        let dotted = self.dotted.iter().map(|&table| {
            let taken = rest.extract_if(|name, _| self.key_in(table, name).is_some());
            let key = |name: &str| self.key_in(table, name).unwrap_or_default();
            let entries = taken.map(|(name, value)| (key(&name), value)).collect();
            Dotted { table, entries }
        });
        (dotted.collect(), rest)
    }

    /// Returns the key of `table` that a variable sets: `FETCH_WAIT_MAX_MS` is `fetch.wait.max.ms`,
    /// and `LOG__LEVEL` is `log_level`, as in the images of Kafka.
    fn key_in(self, table: &str, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        let start = self.variable(table.split('.')).to_ascii_lowercase() + "__";
        let key = name.strip_prefix(&start).filter(|key| !key.is_empty())?;
        let words = key.split("__").map(|word| word.replace('_', "."));
        Some(words.collect::<Vec<_>>().join("_"))
    }

    /// Returns the variables that begin with the prefix and set nothing. Most have one underscore
    /// where two are needed.
    #[must_use]
    pub fn ignored(self, environment: &HashMap<String, String>) -> Vec<Ignored> {
        let is_ignored = |name: &str, value: &str| {
            let rest = self.after_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with('_') && !is_of_cluster(rest, value))
        };
        let names = environment.iter();
        let names = names.filter(|(name, value)| is_ignored(name, value));
        let mut ignored: Vec<_> = names
            .map(|(name, _)| Ignored {
                name: name.clone(),
                prefix: self.prefix,
                meant: self.meant(name),
            })
            .collect();
        ignored.sort();
        ignored
    }

    /// Returns the part after the prefix and one underscore.
    fn after_prefix(self, name: &str) -> Option<&str> {
        let (prefix, rest) = name.split_at_checked(self.prefix.len())?;
        let rest = rest.strip_prefix('_')?;
        prefix.eq_ignore_ascii_case(self.prefix).then_some(rest)
    }

    /// Returns the right spelling of a variable that has the words of a setting, wherever its
    /// underscores are.
    pub(super) fn meant(self, name: &str) -> Option<String> {
        let rest = self.after_prefix(name)?.trim_start_matches('_');
        let defaults = layer(self.defaults).ok()?;
        let mut settings = Vec::new();
        paths(&defaults, &mut Vec::new(), &mut settings);
        let same = settings.iter().find(|path| {
            let words = path.iter().flat_map(|key| key.split('_'));
            words.eq(words_of(&rest.to_ascii_lowercase()))
        });
        let dotted = || {
            self.dotted.iter().find_map(|table| {
                let key = after_words(rest, table.split('.').count())?;
                let begins = rest[..rest.len() - key.len()].to_ascii_lowercase();
                let is_it = table.split('.').eq(words_of(&begins));
                is_it.then(|| self.variable(table.split('.').chain([key])))
            })
        };
        // A section that exists, and a key in it that has no default.
        let sections = || {
            let (section, _) = rest.split_once("__")?;
            let is_there = settings
                .iter()
                .any(|path| path.len() > 1 && path[0].eq_ignore_ascii_case(section));
            is_there.then(|| self.variable([rest].into_iter()))
        };
        let meant = same.map(|path| self.variable(path.iter().map(String::as_str)));
        let meant = meant.or_else(dotted).or_else(sections)?;
        (!meant.eq_ignore_ascii_case(name)).then_some(meant)
    }

    /// Returns the name of the variable that sets the value at `keys`.
    pub(super) fn variable<'a>(self, keys: impl Iterator<Item = &'a str>) -> String {
        let keys = keys.map(str::to_ascii_uppercase);
        let parts: Vec<_> = std::iter::once(self.prefix.to_owned())
            .chain(keys)
            .collect();
        parts.join("__")
    }
}

/// Logs a warning for each ignored variable.
pub fn log_ignored(ignored: &[Ignored]) {
    for ignored in ignored {
        tracing::warn!("{ignored}");
    }
}

/// Collects the path of each setting that has a default.
fn paths(at: &Value, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let ValueKind::Table(table) = &at.kind else {
        return found.push(above.clone());
    };
    for (key, value) in table {
        above.push(key.clone());
        paths(value, above, found);
        above.pop();
    }
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').filter(|word| !word.is_empty())
}

/// Returns the part of a name after its first `count` words.
fn after_words(name: &str, count: usize) -> Option<&str> {
    let rest = (0..count).try_fold(name, |rest, _| {
        let (_, rest) = rest.split_once('_')?;
        Some(rest.trim_start_matches('_'))
    })?;
    (!rest.is_empty()).then_some(rest)
}

/// Returns whether Kubernetes made the variable, for a cluster service whose name begins with the
/// prefix: `INGEST_PORT=tcp://…`, `INGEST_ADMIN_SERVICE_HOST`.
fn is_of_cluster(rest: &str, value: &str) -> bool {
    let is_port = |name: &str| name == "PORT" || name.ends_with("_PORT");
    let of_service = ["SERVICE_HOST", "SERVICE_PORT"]
        .iter()
        .any(|part| rest.contains(part));
    let schemes = ["tcp://", "udp://", "sctp://"];
    let is_address = schemes.iter().any(|scheme| value.starts_with(scheme));
    let of_port = ["_TCP", "_UDP", "_SCTP"]
        .iter()
        .any(|protocol| rest.contains(protocol) && rest.contains("PORT_"));
    of_service || of_port || (is_port(rest) && is_address)
}

#[cfg(test)]
mod tests;
