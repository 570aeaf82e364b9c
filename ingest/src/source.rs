//! Sources: the StackOne webhooks we accept, each with its project and its live secrets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::config::SourceSettings;
use crate::signature::{Claim, SigningKey};

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

#[derive(Debug)]
struct LiveSecret {
    name: String,
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
    /// Reads the secrets of each source from where it says they are.
    ///
    /// # Errors
    ///
    /// One line for each secret that cannot be had.
    pub fn resolve(
        settings: &[SourceSettings],
        environment: &HashMap<String, String>,
    ) -> Result<Self, Vec<String>> {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        for source in settings {
            match Source::resolve(source, environment) {
                Ok(resolved) => {
                    let resolved = Arc::new(resolved);
                    sources.by_name.insert(source.name.clone(), resolved);
                }
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(problems)
        }
    }

    /// The source of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Source>> {
        self.by_name.get(name)
    }
}

impl Source {
    fn resolve(
        settings: &SourceSettings,
        environment: &HashMap<String, String>,
    ) -> Result<Self, Vec<String>> {
        let mut secrets = Vec::new();
        let mut problems = Vec::new();
        for secret in &settings.secrets {
            let key = secret
                .read(environment)
                .and_then(|text| SigningKey::new(&text).map_err(|unusable| unusable.to_string()));
            match key {
                Ok(key) => secrets.push(LiveSecret {
                    name: secret.name.clone(),
                    key,
                }),
                Err(problem) => problems.push(format!(
                    "sources.{}.secrets: {}: {problem}",
                    settings.name, secret.name
                )),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            name: settings.name.clone(),
            project_id: settings.project_id.clone(),
            secrets,
        })
    }

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
mod tests {
    use super::*;
    use crate::config::SecretSettings;

    fn secret(name: &str, variable: &str) -> SecretSettings {
        SecretSettings {
            name: name.to_owned(),
            file: None,
            env: Some(variable.to_owned()),
        }
    }

    fn source(secrets: Vec<SecretSettings>) -> SourceSettings {
        SourceSettings {
            name: "default".to_owned(),
            project_id: None,
            secrets,
        }
    }

    #[test]
    fn while_secrets_rotate_either_signs_and_the_one_that_did_is_named() {
        let environment = HashMap::from([
            ("OLD".to_owned(), "another".to_owned()),
            ("NEW".to_owned(), "test-secret".to_owned()),
        ]);
        let settings = [source(vec![secret("old", "OLD"), secret("new", "NEW")])];
        let sources = Sources::resolve(&settings, &environment).unwrap();
        let default = sources.get("default").unwrap();
        // The vector of StackOne's webhook guide that Node and Python agree on.
        let body = br#"{"event":"account.created"}"#;
        let good = Claim::parse(b"_WI8uc_vC2i-RhCphYdJY-NStZ6eCXnAXquTdqMrSP0").unwrap();
        assert_eq!(
            default.verify(body, &good),
            Verdict::Authentic { secret: "new" }
        );
        assert_eq!(default.verify(b"{}", &good), Verdict::Forged);
        let padded = Claim::parse(b"_WI8uc_vC2i-RhCphYdJY-NStZ6eCXnAXquTdqMrSP0=").unwrap();
        assert_eq!(default.verify(body, &padded), Verdict::WrongEncoding);
        assert_eq!(default.verify(b"{}", &padded), Verdict::Forged);
    }

    #[test]
    fn every_secret_that_is_missing_is_named() {
        let settings = [source(vec![secret("old", "OLD"), secret("new", "NEW")])];
        let problems = Sources::resolve(&settings, &HashMap::new()).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert!(
            problems[0].starts_with("sources.default.secrets: old: "),
            "{problems:?}"
        );
    }
}
