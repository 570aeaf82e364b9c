//! Reading secrets from where the configuration says they are.

use std::collections::HashMap;

use secrecy::SecretString;

use super::SecretSettings;

impl SecretSettings {
    /// The secret, without one trailing newline.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong and what to do.
    pub(crate) fn read(
        &self,
        environment: &HashMap<String, String>,
    ) -> Result<SecretString, String> {
        let (text, place) = match (&self.file, &self.env) {
            (Some(file), None) => {
                let text = std::fs::read_to_string(file)
                    .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
                (text, format!("file {}", file.display()))
            }
            (None, Some(name)) => {
                let text = environment.get(name).cloned().ok_or_else(|| {
                    format!(
                        "environment variable {name} is not set; set it to the webhook's signing secret, or give \
                         [[sources]] with secrets = [{{ name = \"…\", file = \"…\" }}] in the file of --config"
                    )
                })?;
                (text, format!("environment variable {name}"))
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err("give either `file` or `env`".to_owned());
            }
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let secret = line.strip_suffix('\r').unwrap_or(line);
        if secret.is_empty() {
            return Err(format!("{place} is empty"));
        }
        Ok(SecretString::from(secret))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use secrecy::ExposeSecret;

    use super::*;

    fn read(content: &str) -> Result<String, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let settings = SecretSettings {
            name: "s".to_owned(),
            file: Some(file.path().to_owned()),
            env: None,
        };
        let secret = settings.read(&HashMap::new())?;
        Ok(secret.expose_secret().to_owned())
    }

    #[test]
    fn one_trailing_newline_is_trimmed_and_nothing_else() {
        assert_eq!(read("a b\n").unwrap(), "a b");
        assert_eq!(read("a\r\n").unwrap(), "a");
        assert_eq!(read(" a \n\n").unwrap(), " a \n");
    }

    #[test]
    fn an_empty_secret_is_refused() {
        assert!(read("").unwrap_err().contains("is empty"));
        assert!(read("\n").unwrap_err().contains("is empty"));
    }

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
