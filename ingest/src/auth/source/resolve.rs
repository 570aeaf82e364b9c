//! Secrets from where the settings say they are: at start, and again while the service runs.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use stackone_link_process::secret::Oddity;

use super::{LiveSecret, Source, Sources};
use crate::auth::signature::SigningKey;
use crate::config::{SecretSettings, SourceSettings, UnusableSecret};

/// A secret that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) source: String,
    pub(crate) secret: String,
    pub(crate) problem: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            secret,
            problem,
        } = self;
        write!(formatter, "sources.{source}.secrets: {secret}: {problem}")
    }
}

impl Sources {
    /// Reads the secrets of each source from where it says they are.
    ///
    /// # Errors
    ///
    /// Each secret that cannot be had.
    pub(crate) fn resolve(
        settings: &[SourceSettings],
        environment: &HashMap<String, String>,
    ) -> Result<Self, Vec<Unreadable>> {
        let (sources, unreadable) = Self::default().renewed(settings, environment);
        if unreadable.is_empty() {
            Ok(sources)
        } else {
            Err(unreadable)
        }
    }

    /// The sources as settings and files have them now. What cannot be read keeps the value it has
    /// here; what no longer stands in the settings is gone, once a secret of its source can be
    /// read.
    pub(crate) fn renewed(
        &self,
        settings: &[SourceSettings],
        environment: &HashMap<String, String>,
    ) -> (Self, Vec<Unreadable>) {
        let mut renewed = Self::default();
        let mut unreadable = Vec::new();
        for settings in settings {
            let last = self.get(&settings.name).map(Arc::as_ref);
            let source = Source::renewed(last, settings, environment, &mut unreadable);
            let name = settings.name.clone();
            renewed.by_name.insert(name, Arc::new(source));
        }
        (renewed, unreadable)
    }

    /// What is odd about secrets that are used all the same, each with the names of its source and
    /// its own.
    pub(crate) fn oddities(&self) -> impl Iterator<Item = (&str, &str, &Oddity)> {
        self.all().flat_map(|source| {
            source.secrets.iter().filter_map(|secret| {
                let oddity = secret.oddity.as_ref()?;
                Some((source.name(), secret.name.as_str(), oddity))
            })
        })
    }

    /// Whether nothing has changed between the two.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.by_name.values().zip(other.by_name.values());
        self.by_name.len() == other.by_name.len() && pairs.all(|(one, other)| one.is_same(other))
    }
}

impl Source {
    fn renewed(
        last: Option<&Self>,
        settings: &SourceSettings,
        environment: &HashMap<String, String>,
        unreadable: &mut Vec<Unreadable>,
    ) -> Self {
        let mut secrets = Vec::new();
        for secret in &settings.secrets {
            let last = last.and_then(|last| last.secret(&secret.name));
            match LiveSecret::renewed(last, secret, environment) {
                Ok(live) => secrets.push(live),
                Err(problem) => {
                    secrets.extend(last.cloned());
                    unreadable.push(Unreadable {
                        source: settings.name.clone(),
                        secret: secret.name.clone(),
                        problem: problem.to_string(),
                    });
                }
            }
        }
        if secrets.is_empty() {
            // The list was there before the files that it names. Without a secret, every webhook
            // would be answered 401 until they come.
            secrets.extend(last.iter().flat_map(|last| last.secrets.iter().cloned()));
        }
        Self {
            name: settings.name.clone(),
            project_id: settings.project_id.clone(),
            secrets,
        }
    }

    fn secret(&self, name: &str) -> Option<&LiveSecret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.secrets.iter().zip(&other.secrets);
        (&self.name, &self.project_id) == (&other.name, &other.project_id)
            && self.secrets.len() == other.secrets.len()
            && pairs.all(|(one, other)| one.is_same(other))
    }
}

impl LiveSecret {
    /// A key is made only where the secret has changed.
    fn renewed(
        last: Option<&Self>,
        settings: &SecretSettings,
        environment: &HashMap<String, String>,
    ) -> Result<Self, UnusableSecret> {
        let read = settings.read(environment)?;
        let unchanged = last.filter(|last| last.text.expose_secret() == read.value.expose_secret());
        let key = match unchanged {
            Some(last) => last.key.clone(),
            None => SigningKey::new(&read.value)?,
        };
        Ok(Self {
            name: settings.name.clone(),
            text: read.value,
            oddity: read.oddity,
            key,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.text.expose_secret() == other.text.expose_secret()
    }
}
