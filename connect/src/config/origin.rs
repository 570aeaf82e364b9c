//! Where a configuration came from, and reading secrets from there again: their values, and the lists that name them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{Config, LAYERS, Secret, SecretSettings, Secrets, Settings, TokenSettings};

/// The file and the environment a configuration was read from. Its `Debug` shows no variable: they hold secrets.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(super) file: Option<PathBuf>,
    pub(super) environment: HashMap<String, String>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Origin");
        shown.field("file", &self.file).finish_non_exhaustive()
    }
}

/// Where the processor has its key by default.
const PROCESSORS: &str = "STACKONE_API_KEY";

/// The settings that are read again.
#[derive(Deserialize)]
struct Lists {
    tokens: TokenSettings,
    #[serde(default)]
    service_tokens: Vec<SecretSettings>,
}

impl Origin {
    pub(super) fn new(file: Option<&Path>, environment: &HashMap<String, String>) -> Self {
        Self {
            file: file.map(Path::to_owned),
            environment: environment.clone(),
        }
    }

    /// What is said of each project whose key is the processor's, as far as can be told from here: one that leaks from a
    /// service that faces browsers can read every account.
    pub(super) fn shared_keys(&self, settings: &Settings, secrets: &Secrets) -> Vec<String> {
        let processors = self.environment.get(PROCESSORS);
        let named = settings.projects.iter().zip(&secrets.api_keys);
        let shared = named.filter(|(project, key)| {
            let is_same = processors.is_some_and(|other| other == key.value.expose_secret());
            project.api_key_env.as_deref() == Some(PROCESSORS) || is_same
        });
        let warning = |(_, key): (_, &Secret)| {
            let name = &key.name;
            format!(
                "projects {name}: its API key is the processor's ({PROCESSORS}); give connect one of its own"
            )
        };
        shared.map(warning).collect()
    }
}

/// What was read last.
pub(crate) struct Reread {
    settings: Settings,
    origin: Origin,
    secrets: Secrets,
    /// What the file said when the lists were read.
    text: Option<String>,
    list_problem: Option<String>,
}

impl Reread {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            settings: config.settings.clone(),
            origin: config.origin.clone(),
            secrets: config.secrets.clone(),
            text: None,
            list_problem: None,
        }
    }

    /// The secrets from now on, where they have changed; and what cannot be used, in whose place the last good one stays.
    pub(crate) fn look(&mut self) -> (Option<Secrets>, Vec<String>) {
        self.read_lists();
        let environment = &self.origin.environment;
        let (secrets, mut problems) =
            Secrets::read(&self.settings, environment, Some(&self.secrets));
        problems.extend(self.list_problem.clone());
        let unusable = secrets.token_problems(&self.settings);
        if !unusable.is_empty() {
            problems.extend(unusable);
            return (None, problems);
        }
        if secrets.is_same(&self.secrets) {
            return (None, problems);
        }
        self.secrets = secrets.clone();
        (Some(secrets), problems)
    }

    /// Only where the file has changed.
    fn read_lists(&mut self) {
        let Some(file) = &self.origin.file else {
            return;
        };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                let problem = format!("cannot read {}: {error}", file.display());
                self.list_problem = Some(problem);
                return;
            }
        };
        if self.text.as_ref() == Some(&text) {
            return;
        }
        let read: Result<Lists, _> = LAYERS.read(Some(file), &self.origin.environment);
        self.list_problem = match read {
            Ok(Lists {
                tokens,
                service_tokens,
            }) => {
                (self.settings.tokens, self.settings.service_tokens) = (tokens, service_tokens);
                None
            }
            Err(error) => Some(format!("the lists of secrets: {error}")),
        };
        self.text = Some(text);
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    /// A folder with settings that name these service tokens, of 32 bytes each.
    fn write(folder: &TempDir, tokens: &[&str]) {
        let mut text =
            "[[projects]]\nbase_url = 'https://api.stackone.com'\napi_key_env = 'KEY'\n".to_owned();
        for token in tokens {
            let file = folder.path().join(token);
            let file = file.display();
            text += &format!("[[service_tokens]]\nname = '{token}'\nfile = '{file}'\n");
        }
        fs::write(folder.path().join("connect.toml"), text).unwrap();
    }

    fn reread(folder: &TempDir) -> Reread {
        let environment = [("KEY", "hush"), ("STACKONE_CONNECT_TOKEN_KEY", KEY)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let file = folder.path().join("connect.toml");
        let config = Config::load(Some(&file), &environment.into()).unwrap();
        assert!(!format!("{config:?}").contains(KEY), "{config:?}");
        Reread::new(&config)
    }

    fn names(secrets: &Secrets) -> Vec<&str> {
        let names = secrets.service_tokens.iter();
        names.map(|secret| secret.name.as_str()).collect()
    }

    #[test]
    fn a_token_is_added_and_taken_out_by_the_list() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["old", "new"] {
            fs::write(folder.path().join(name), format!("{name:x<32}")).unwrap();
        }
        write(&folder, &["old"]);
        let mut reread = reread(&folder);
        assert!(reread.look().0.is_none(), "nothing has changed");
        for tokens in [&["old", "new"][..], &["new"]] {
            write(&folder, tokens);
            let (secrets, problems) = reread.look();
            assert_eq!(names(&secrets.unwrap()), tokens);
            assert_eq!(problems, Vec::<String>::new());
        }
    }

    #[test]
    fn a_list_or_a_token_that_cannot_be_used_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old"), KEY).unwrap();
        write(&folder, &["old"]);
        let mut reread = reread(&folder);
        fs::write(folder.path().join("connect.toml"), "[[").unwrap();
        let (secrets, problems) = reread.look();
        assert!(secrets.is_none() && problems.len() == 1, "{problems:?}");
        write(&folder, &["old"]);
        fs::write(folder.path().join("old"), "short").unwrap();
        let (secrets, problems) = reread.look();
        assert!(secrets.is_none(), "a token that is too short is not used");
        assert!(problems[0].contains("less than 32"), "{problems:?}");
        write(&folder, &["old", "gone"]);
        fs::write(folder.path().join("old"), KEY.to_uppercase()).unwrap();
        let (secrets, problems) = reread.look();
        assert_eq!(names(&secrets.unwrap()), ["old"]);
        assert!(problems[0].contains("service_tokens gone"), "{problems:?}");
        fs::remove_file(folder.path().join("connect.toml")).unwrap();
        let (secrets, problems) = reread.look();
        assert!(secrets.is_none() && problems.len() == 2, "{problems:?}");
    }
}
