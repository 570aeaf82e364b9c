//! Reading secrets from where the configuration says they are.

use std::collections::HashMap;

use stackone_link_process::secret::{Place, Secret, SecretError};

use super::SecretSettings;

impl SecretSettings {
    /// The secret, without one trailing newline.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong and what to do.
    pub(crate) fn read(&self, environment: &HashMap<String, String>) -> Result<Secret, String> {
        let place = Place::either(self.file.as_deref(), self.env.as_deref());
        let place = place.ok_or_else(|| "give either `file` or `env`".to_owned())?;
        place.read(environment).map_err(|error| match error {
            SecretError::Unset(_) => format!(
                "{error}; set it to the webhook's signing secret, or give [[sources]] with secrets = \
                 [{{ name = \"…\", file = \"…\" }}] in the file of --config"
            ),
            SecretError::Unreadable { .. } | SecretError::Empty(_) => error.to_string(),
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
        let problem = settings.read(&HashMap::new()).unwrap_err();
        assert!(problem.contains("NAME is not set; set it"), "{problem}");
        let both = SecretSettings {
            file: Some("f".into()),
            ..settings
        };
        assert!(both.read(&HashMap::new()).unwrap_err().contains("either"));
    }
}
