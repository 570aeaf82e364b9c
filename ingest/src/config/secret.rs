//! Reading secrets from where the configuration says they are.

use std::collections::HashMap;

use stackone_link_process::secret::{Place, Secret, SecretError};

use super::settings::SecretSettings;
use crate::auth::signature::UnusableKey;

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableSecret {
    #[error("give either `file` or `env`")]
    Nowhere,
    #[error(
        "{0}; set it to the webhook's signing secret, or give [[sources]] with secrets = \
         [{{ name = \"…\", file = \"…\" }}] in the file of --config"
    )]
    Unset(SecretError),
    #[error(transparent)]
    Secret(SecretError),
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

impl SecretSettings {
    /// The secret, without one trailing newline.
    ///
    /// # Errors
    ///
    /// What is wrong and what to do, in one line.
    pub(crate) fn read(
        &self,
        environment: &HashMap<String, String>,
    ) -> Result<Secret, UnusableSecret> {
        let place = Place::either(self.file.as_deref(), self.env.as_deref());
        let place = place.ok_or(UnusableSecret::Nowhere)?;
        place.read(environment).map_err(|error| match error {
            SecretError::Unset(_) => UnusableSecret::Unset(error),
            SecretError::Unreadable { .. } | SecretError::Empty(_) => UnusableSecret::Secret(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named_with_what_to_do() {
        let settings = SecretSettings {
            name: "s".to_owned(),
            file: None,
            env: Some("NAME".to_owned()),
        };
        let problem = settings.read(&HashMap::new()).unwrap_err().to_string();
        assert!(problem.contains("NAME is not set; set it"), "{problem}");
        let both = SecretSettings {
            file: Some("f".into()),
            ..settings
        };
        let problem = both.read(&HashMap::new()).unwrap_err().to_string();
        assert!(problem.contains("either"), "{problem}");
    }
}
