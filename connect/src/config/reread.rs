//! Reading secrets again from where a configuration came: their values, and the lists that name
//! them.

use std::fs;

use serde::Deserialize;

use super::{Config, LAYERS, Origin, SecretSettings, Secrets, Settings, TokenSettings};

/// The settings that are read again.
#[derive(Deserialize)]
struct Lists {
    tokens: TokenSettings,
    #[serde(default)]
    service_tokens: Vec<SecretSettings>,
}

/// What was read last.
pub(crate) struct Reread {
    settings: Settings,
    origin: Origin,
    secrets: Secrets,
    /// What the file said when its lists were last taken over.
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

    /// The secrets from now on, where they have changed; and what cannot be used, in whose place
    /// the last good one stays.
    pub(crate) fn look(&mut self) -> (Option<Secrets>, Vec<String>) {
        self.read_lists();
        let environment = &self.origin.environment;
        let (mut secrets, mut problems) =
            Secrets::read(&self.settings, environment, Some(&self.secrets));
        problems.extend(self.list_problem.clone());
        problems.extend(secrets.keep_usable_jwks(&self.settings, &self.secrets));
        let mut unusable = secrets.token_problems(&self.settings);
        if secrets.token_keys.is_empty() {
            unusable.push("tokens.keys: none of them can be read".to_owned());
        }
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
                self.text = None;
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
        self.text = Some(text).filter(|_| self.list_problem.is_none());
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
    fn a_file_that_was_away_is_no_problem_once_it_is_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, &[]);
        let mut reread = reread(&folder);
        reread.look();
        let file = folder.path().join("connect.toml");
        let away = folder.path().join("away.toml");
        fs::rename(&file, &away).unwrap();
        assert_eq!(reread.look().1.len(), 1);
        fs::rename(&away, &file).unwrap();
        assert_eq!(reread.look().1, Vec::<String>::new());
    }

    #[test]
    fn a_list_whose_only_key_is_not_there_yet_leaves_the_one_that_was() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, &[]);
        let mut reread = reread(&folder);
        let (file, key) = (
            folder.path().join("connect.toml"),
            folder.path().join("new"),
        );
        let text = fs::read_to_string(&file).unwrap();
        let list = format!(
            "tokens.keys = [{{ name = 'new', file = '{}' }}]\n",
            key.display()
        );
        fs::write(&file, list + &text).unwrap();
        let (secrets, problems) = reread.look();
        assert!(secrets.is_none(), "no token could be made or verified");
        assert_eq!(problems.len(), 2, "{problems:?}");
        fs::write(&key, KEY.to_uppercase()).unwrap();
        let (secrets, problems) = reread.look();
        assert_eq!(secrets.unwrap().token_keys[0].name, "new");
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn a_key_set_that_cannot_be_used_is_a_problem_and_leaves_the_one_that_was() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, &[]);
        let (file, set) = (
            folder.path().join("connect.toml"),
            folder.path().join("jwks.json"),
        );
        let text = fs::read_to_string(&file).unwrap();
        let issuer = format!(
            "[[issuers]]\nissuer = 'host'\naudience = 'us'\njwks_file = '{}'\n",
            set.display()
        );
        fs::write(&file, text + &issuer).unwrap();
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let jwks = |kid| {
            format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}]}}"#)
        };
        fs::write(&set, jwks("k1")).unwrap();
        let mut reread = reread(&folder);
        for unusable in ["{}", r#"{"keys":[]}"#] {
            fs::write(&set, unusable).unwrap();
            let (secrets, problems) = reread.look();
            assert!(secrets.is_none(), "nothing has changed");
            let [problem] = &problems[..] else {
                panic!("{problems:?}");
            };
            assert!(
                problem.starts_with("issuers host: jwks_file: "),
                "{problem}"
            );
        }
        fs::write(&set, jwks("k2")).unwrap();
        let (secrets, problems) = reread.look();
        let expected = Some(jwks("k2").into_bytes());
        assert_eq!(secrets.unwrap().jwks, [expected]);
        assert_eq!(problems, Vec::<String>::new());
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
