//! Reading the configuration: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::net::{AddrParseError, SocketAddr};
use std::path::Path;

use config::{Environment, File, FileFormat};
use serde::de::{Deserialize, Deserializer, Error as _, IntoDeserializer as _, value};

use super::secret::api_key;
use super::{Config, ConfigError, DEFAULTS, Settings};

/// The variables of this process that are text.
#[must_use]
pub fn process_environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Config {
    /// Reads, checks and completes the configuration. `environment` is all the environment there is: the process's own
    /// is not looked at, so that several services can be configured side by side in one process.
    ///
    /// # Errors
    ///
    /// Where anything is wrong with it: every problem that could be found, one line each.
    pub fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::read(file, environment).map_err(|error| ConfigError {
            problems: vec![one_line(&error)],
        })?;
        let mut problems = settings.problems();
        let mut api_keys = Vec::new();
        for project in &settings.projects {
            match api_key(project, environment) {
                Ok(key) => api_keys.push(key),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { settings, api_keys })
        } else {
            Err(ConfigError { problems })
        }
    }
}

impl Settings {
    fn read(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, config::ConfigError> {
        let mut sources =
            config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("PROCESSOR")
            .prefix_separator("__")
            .separator("__")
            .source(Some(environment.clone()));
        sources.add_source(environment).build()?.try_deserialize()
    }
}

/// Reads an enum from its name. Left to itself, the `config` crate does not say which names there are.
pub(super) fn one_of<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let name = String::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
        .map_err(|unknown: value::Error| D::Error::custom(unknown))
}

/// Reads an address, and says what one looks like where it is none.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let invalid = |error| format!("{text:?}: {error}; expected IP:PORT such as 127.0.0.1:8082");
    text.parse()
        .map_err(|error: AddrParseError| D::Error::custom(invalid(error)))
}

/// An error of the `config` crate in one line: those of TOML quote the file over several.
pub(super) fn one_line(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let is_quote = |line: &&str| {
        let gutter = line.split_once('|').map(|(gutter, _)| gutter.trim());
        gutter.is_some_and(|gutter| gutter.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let key = ("STACKONE_API_KEY", "v1.eu1.key");
        let pairs = std::iter::once(&key).chain(pairs);
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn load(file: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut path = tempfile::NamedTempFile::new().unwrap();
        path.write_all(file.as_bytes()).unwrap();
        Config::load(Some(path.path()), &environment(pairs))
    }

    fn problems(file: &str, pairs: &[(&str, &str)]) -> String {
        load(file, pairs).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_and_one_key_are_enough_and_the_defaults_list_every_setting() {
        let config = Config::load(None, &environment(&[])).unwrap();
        let printed: toml::Value = toml::from_str(&config.to_toml().unwrap()).unwrap();
        let defaults: toml::Value = toml::from_str(DEFAULTS).unwrap();
        // The URL gets its slash when it is parsed, and durations their shortest form.
        let normal = |value: &toml::Value| {
            value
                .to_string()
                .replace("stackone.com/\"", "stackone.com\"")
        };
        assert_eq!(normal(&printed), normal(&defaults));
        assert!(!config.to_toml().unwrap().contains("v1.eu1.key"));
        assert!(!format!("{config:?}").contains("v1.eu1.key"));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "[group]\nid = 'a'\nsession_timeout = '6s'\n";
        let config = load(
            file,
            &[
                ("PROCESSOR__GROUP__ID", "b"),
                ("PROCESSOR__LOOKUPS__MAX_IN_FLIGHT", "7"),
            ],
        )
        .unwrap();
        assert_eq!(config.settings.group.id, "b");
        assert_eq!(config.settings.lookups.max_in_flight, 7);
        assert_eq!(
            config.settings.group.session_timeout,
            Duration::from_secs(6)
        );
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let unknown = problems("[group]\nname = 'a'\n", &[]);
        assert!(
            unknown.contains("`name`") && unknown.contains("`id`"),
            "{unknown}"
        );
        let unknown = problems("", &[("PROCESSOR__LOOKUP__TIMEOUT", "1s")]);
        assert!(
            unknown.contains("`lookup`") && unknown.contains("`lookups`"),
            "{unknown}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_says_what_is_expected_in_one_line() {
        let address = problems("[admin]\nlisten = 'localhost:8082'\n", &[]);
        assert!(
            address.contains("localhost:8082") && address.contains("127.0.0.1:8082"),
            "{address}"
        );
        let version = "[[projects]]\napi_key_env = 'STACKONE_API_KEY'\napi_version = 'v3'\n";
        let version = problems(version, &[]);
        assert!(
            version.contains("v3") && version.contains("v2"),
            "{version}"
        );
        assert_eq!(problems("[group\n", &[]).lines().count(), 1);
        let property = problems("[kafka.properties]\n'lingerr.ms' = '1'\n", &[]);
        assert!(property.contains("lingerr.ms"), "{property}");
    }

    #[test]
    fn a_missing_key_says_what_to_do() {
        let error = Config::load(None, &HashMap::new()).unwrap_err().to_string();
        assert!(
            error.contains("STACKONE_API_KEY") && error.contains("api_key_file"),
            "{error}"
        );
    }

    #[test]
    fn several_projects_each_need_an_id_and_https() {
        let two = "[[projects]]\napi_key_env = 'STACKONE_API_KEY'\n[[projects]]\nid = 'b'\napi_key_env = \
                   'STACKONE_API_KEY'\nbase_url = 'http://api.example.com'\n";
        let found = problems(two, &[]);
        assert!(
            found.contains("each needs its id") && found.contains("must be https"),
            "{found}"
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let found = problems(
            "[transactions]\nmarker_interval = '20s'\n[lookups]\nmax_in_flight = 0\n",
            &[],
        );
        assert!(
            found.contains("marker_interval") && found.contains("max_in_flight"),
            "{found}"
        );
        assert!(problems("[kafka.properties]\n'group.id' = 'x'\n", &[]).contains("group.id"));
        assert!(
            problems("[topics]\nlinked = 'stackone.account.lifecycle.v1'\n", &[])
                .contains("used twice")
        );
    }
}
