//! Sources: the StackOne webhooks we accept, each with its project and its live secrets.

mod resolve;

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use stackone_link_process::secret::Oddity;

use crate::auth::signature::{Claim, SigningKey};

pub(crate) use resolve::Unreadable;

/// Every source, by name.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    by_name: BTreeMap<String, Arc<Source>>,
}

/// One StackOne webhook.
#[derive(Debug)]
pub struct Source {
    name: String,
    project_id: Option<String>,
    secrets: Vec<LiveSecret>,
}

#[derive(Debug, Clone)]
struct LiveSecret {
    name: String,
    /// Kept to tell whether it has changed; dropped, it is wiped.
    text: SecretString,
    oddity: Option<Oddity>,
    key: SigningKey,
}

/// What a signature turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Made with the secret of this name.
    Authentic {
        /// Name of the secret.
        secret: &'a str,
    },
    /// The right MAC, in an encoding StackOne does not use.
    WrongEncoding,
    /// Made with no live secret of the source.
    Forged,
}

impl Sources {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Source> {
        self.by_name.values().map(Arc::as_ref)
    }

    /// The source of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Source>> {
        self.by_name.get(name)
    }
}

impl Source {
    /// Its name: the last part of the webhook's path, and a label of metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The project it may speak for; any where absent.
    #[must_use]
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    /// The names of its live secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|secret| secret.name.as_str())
    }

    /// Tries the claim against each live secret.
    #[must_use]
    pub fn verify(&self, body: &[u8], claim: &Claim) -> Verdict<'_> {
        let signed_with = |mac| {
            let mut secrets = self.secrets.iter();
            secrets.find(|secret| secret.key.verifies(body, mac))
        };
        match claim {
            Claim::Signature(mac) => match signed_with(mac) {
                Some(secret) => Verdict::Authentic {
                    secret: &secret.name,
                },
                None => Verdict::Forged,
            },
            Claim::OtherEncoding(mac) => match signed_with(mac) {
                Some(_) => Verdict::WrongEncoding,
                None => Verdict::Forged,
            },
        }
    }
}

#[cfg(test)]
mod tests;
