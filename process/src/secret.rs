//! The places of secrets, and reading a secret from its place.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// The place of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file, which may be replaced while the process runs.
    File(PathBuf),
    /// An environment variable of this name.
    Variable(String),
}

/// A secret that was read.
#[derive(Debug)]
pub struct Secret {
    /// The text without one trailing newline.
    pub value: SecretString,
    /// Something suspicious about the text, which is used all the same.
    pub oddity: Option<Oddity>,
}

/// What is suspicious about a secret. Shows nothing of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The place that the secret was read from.
    pub place: Place,
    what: String,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is missing, may not be read, or is not UTF-8.
    #[error("cannot read {}: {source}", .file.display())]
    Unreadable {
        /// The file that was configured.
        file: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The environment has no variable of this name.
    #[error("environment variable {0} is not set")]
    Unset(String),
    /// The place holds nothing, or only a newline.
    #[error("{0} is empty")]
    Empty(Place),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "file {}", file.display()),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.place, self.what)
    }
}

impl Place {
    /// Returns the place that is given; `None` where neither or both are.
    #[must_use]
    pub fn either(file: Option<&Path>, variable: Option<&str>) -> Option<Self> {
        match (file, variable) {
            (Some(file), None) => Some(Self::File(file.to_owned())),
            (None, Some(name)) => Some(Self::Variable(name.to_owned())),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// Reads the secret as it is now. `environment` stands for the whole environment.
    ///
    /// # Errors
    ///
    /// Fails where the place cannot be read, or is empty.
    pub fn read(&self, environment: &HashMap<String, String>) -> Result<Secret, SecretError> {
        let text = match self {
            Self::File(file) => {
                std::fs::read_to_string(file).map_err(|source| SecretError::Unreadable {
                    file: file.clone(),
                    source,
                })?
            }
            Self::Variable(name) => environment
                .get(name)
                .cloned()
                .ok_or_else(|| SecretError::Unset(name.clone()))?,
        };
        let value = without_newline(&text);
        if value.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        let what = oddities(&text).join(", ");
        let place = self.clone();
        Ok(Secret {
            value: value.into(),
            oddity: (!what.is_empty()).then_some(Oddity { place, what }),
        })
    }
}

/// Removes one trailing newline, also one of Windows (CRLF).
fn without_newline(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Lists what an editor or a shell may have added. The text is used as it is, since all of it may
/// be meant.
fn oddities(text: &str) -> Vec<&'static str> {
    let value = without_newline(text);
    let is_quoted = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    let found = [
        (
            value.starts_with('\u{feff}'),
            "begins with a byte order mark",
        ),
        (is_quoted('"') || is_quoted('\''), "is in quotes"),
        (
            value.contains(['\n', '\r']),
            "has more newlines than the one at its end",
        ),
        (
            value.trim_matches([' ', '\t']) != value,
            "begins or ends with white space",
        ),
        (
            text.ends_with('\r') || text.ends_with("\r\n"),
            "ends with a carriage return",
        ),
    ];
    let found = found.into_iter().filter(|(is_there, _)| *is_there);
    found.map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(content: &str) -> Result<Secret, SecretError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, content).unwrap();
        Place::File(file).read(&HashMap::new())
    }

    fn value(content: &str) -> String {
        read(content).unwrap().value.expose_secret().to_owned()
    }

    #[test]
    fn one_newline_at_a_secrets_end_is_trimmed_and_nothing_else() {
        assert_eq!(value("a b\n"), "a b");
        assert_eq!(value("a\r\n"), "a");
        assert_eq!(value(" a \n\n"), " a \n");
        assert_eq!(value("\u{feff}\"a\"\n"), "\u{feff}\"a\"");
    }

    #[test]
    fn what_is_odd_about_a_secret_is_said_with_its_place_and_without_the_secret() {
        for (content, oddity) in [
            ("hush\n", None),
            ("hu\"sh", None),
            ("\"", None),
            ("\u{feff}hush", Some("begins with a byte order mark")),
            ("\"hush\"\n", Some("is in quotes")),
            ("'hush'", Some("is in quotes")),
            (
                "hush\n\n",
                Some("has more newlines than the one at its end"),
            ),
            (
                "hu\nsh\n",
                Some("has more newlines than the one at its end"),
            ),
            (" hush\n", Some("begins or ends with white space")),
            ("hush\r\n", Some("ends with a carriage return")),
            (
                "\u{feff}'hush' \r\n",
                Some(
                    "begins with a byte order mark, begins or ends with white space, ends with a carriage return",
                ),
            ),
        ] {
            let said = read(content).unwrap().oddity.map(|odd| odd.to_string());
            assert_eq!(said.is_some(), oddity.is_some(), "{content:?}: {said:?}");
            let (said, oddity) = (said.unwrap_or_default(), oddity.unwrap_or_default());
            assert!(said.ends_with(oddity), "{content:?}: {said}");
            assert!(said.is_empty() || said.starts_with("file /"), "{said}");
            assert!(!said.contains("hush") && !said.contains("hu\nsh"), "{said}");
        }
    }

    #[test]
    fn a_secret_that_is_not_there_is_named() {
        for empty in ["", "\n", "\r\n"] {
            let error = read(empty).unwrap_err().to_string();
            assert!(error.ends_with("secret is empty"), "{error}");
        }
        let variable = Place::Variable("NAME".to_owned());
        let error = variable.read(&HashMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "environment variable NAME is not set");
        let environment = HashMap::from([("NAME".to_owned(), "'v'".to_owned())]);
        let odd = variable.read(&environment).unwrap().oddity.unwrap();
        assert_eq!(odd.to_string(), "environment variable NAME is in quotes");
        let missing = Place::File("/nowhere/secret".into());
        let error = missing.read(&HashMap::new()).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot read /nowhere/secret: "),
            "{error}"
        );
        assert_eq!(Place::either(None, None), None);
        assert_eq!(Place::either(Some(Path::new("f")), Some("v")), None);
    }
}
