//! Secrets come from files or the environment, never from the command line, where every user of the
//! machine can read them.

use std::path::Path;

use secrecy::SecretString;

use super::CommandError;

/// The webhook secret, where no file is named.
pub(super) const WEBHOOK_SECRET_ENV: &str = "STACKONE_SIMULATOR_WEBHOOK_SECRET";
/// The API key, where no file is named.
pub(super) const API_KEY_ENV: &str = "STACKONE_SIMULATOR_API_KEY";

/// Reads a secret from `file`, or else from the environment variable `variable`. None: neither is
/// given.
pub(super) fn read(
    file: Option<&Path>,
    variable: &str,
) -> Result<Option<SecretString>, CommandError> {
    let Some(file) = file else {
        return from_environment(variable);
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::Usage(format!(
            "cannot read the secret file {}: {error}",
            file.display()
        ))
    })?;
    let secret = without_last_newline(&text);
    if secret.is_empty() {
        return Err(CommandError::Usage(format!(
            "the secret file {} is empty",
            file.display()
        )));
    }
    Ok(Some(secret.into()))
}

fn from_environment(variable: &str) -> Result<Option<SecretString>, CommandError> {
    match std::env::var(variable) {
        Ok(secret) if !secret.is_empty() => Ok(Some(secret.into())),
        Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(CommandError::Usage(format!("{variable} is not UTF-8")))
        }
    }
}

/// Editors and `echo` end a file with a newline that nobody means to be part of the secret.
fn without_last_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn one_newline_at_the_end_is_not_part_of_a_secret() {
        assert_eq!(without_last_newline("s\n"), "s");
        assert_eq!(without_last_newline("s\r\n"), "s");
        assert_eq!(without_last_newline("s\n\n"), "s\n");
        assert_eq!(without_last_newline("s "), "s ");
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let missing = read(Some(&file), "UNUSED").unwrap_err().to_string();
        assert!(missing.contains("secret"), "{missing}");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(Some(&file), "UNUSED").is_err());
        std::fs::write(&file, "abc\n").unwrap();
        let secret = read(Some(&file), "UNUSED").unwrap().unwrap();
        assert_eq!(secret.expose_secret(), "abc");
    }
}
