//! Reads the secrets that the configuration names.

use std::collections::HashMap;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use stackone_link_process::secret::{Oddity, Place};

use super::{SecretSettings, Settings};

/// A secret, and its name in logs.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) value: SecretString,
    /// Something suspicious about it; it is used all the same.
    pub(crate) oddity: Option<Oddity>,
}

/// All secrets of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    pub(crate) token_keys: Vec<Secret>,
    pub(crate) service_tokens: Vec<Secret>,
    /// The API key of each project, in the order of the settings.
    pub(crate) api_keys: Vec<Secret>,
    /// The text of each issuer's `jwks_file`, in the order of the settings; `None` where it has a
    /// URL.
    pub(crate) jwks: Vec<Option<Vec<u8>>>,
}

impl Secrets {
    /// Reads all secrets and lists those that cannot be read. Such a secret stays as it was in
    /// `last`, where that is given: a file may be replaced in two steps.
    pub(crate) fn read(
        settings: &Settings,
        environment: &HashMap<String, String>,
        last: Option<&Self>,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut one = |what: String, settings: &SecretSettings, last: Option<&Secret>| {
            let read = settings.read(environment);
            read.map(Some).unwrap_or_else(|problem| {
                problems.push(format!("{what}: {problem}"));
                last.cloned()
            })
        };
        let named = |secrets: &[Secret], name: &str| {
            secrets.iter().find(|secret| secret.name == name).cloned()
        };
        let mut all = |what: &str, list: &[SecretSettings], last: Option<&Vec<Secret>>| {
            let secrets = list.iter().filter_map(|settings| {
                let last = last.and_then(|last| named(last, &settings.name));
                one(format!("{what} {}", settings.name), settings, last.as_ref())
            });
            secrets.collect::<Vec<_>>()
        };
        let keys = settings.projects.iter().map(|project| SecretSettings {
            name: project.id.clone().unwrap_or_else(|| "default".to_owned()),
            file: project.api_key_file.clone(),
            env: project.api_key_env.clone(),
        });
        let keys: Vec<_> = keys.collect();
        let token_keys = all(
            "tokens.keys",
            &settings.tokens.keys,
            last.map(|last| &last.token_keys),
        );
        let tokens = last.map(|last| &last.service_tokens);
        let service_tokens = all("service_tokens", &settings.service_tokens, tokens);
        let api_keys = all(
            "projects: API key of",
            &keys,
            last.map(|last| &last.api_keys),
        );
        let jwks = settings.issuers.iter().enumerate().map(|(place, issuer)| {
            let read = issuer.jwks_file.as_deref().map(read_file)?;
            let last = || last?.jwks.get(place)?.clone();
            read.map_err(|problem| problems.push(format!("issuers {}: {problem}", issuer.issuer)))
                .ok()
                .or_else(last)
        });
        let jwks = jwks.collect();
        let secrets = Self {
            token_keys,
            service_tokens,
            api_keys,
            jwks,
        };
        (secrets, problems)
    }
}

impl Secrets {
    /// Returns what is suspicious about secrets that are used all the same, with their names.
    pub(crate) fn oddities(&self) -> impl Iterator<Item = (String, &Oddity)> {
        let lists = [
            ("tokens.keys", &self.token_keys),
            ("service_tokens", &self.service_tokens),
            ("projects: API key of", &self.api_keys),
        ];
        lists.into_iter().flat_map(|(list, secrets)| {
            let odd = secrets.iter();
            odd.filter_map(move |one| Some((format!("{list} {}", one.name), one.oddity.as_ref()?)))
        })
    }

    /// Returns whether every secret is the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |one: &[Secret], other: &[Secret]| {
            let pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs
                    .into_iter()
                    .all(|(one, other)| one.value.expose_secret() == other.value.expose_secret())
        };
        same(&self.token_keys, &other.token_keys)
            && same(&self.service_tokens, &other.service_tokens)
            && same(&self.api_keys, &other.api_keys)
            && self.jwks == other.jwks
    }
}

fn read_file(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

impl SecretSettings {
    /// Reads the secret without one trailing newline.
    fn read(&self, environment: &HashMap<String, String>) -> Result<Secret, String> {
        let place = Place::either(self.file.as_deref(), self.env.as_deref());
        let place = place.ok_or("give either a file or an environment variable")?;
        let read = place.read(environment).map_err(|error| error.to_string())?;
        let (name, value) = (self.name.clone(), read.value);
        Ok(Secret {
            name,
            value,
            oddity: read.oddity,
        })
    }
}
