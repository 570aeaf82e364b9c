//! Reads the configuration: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use super::secret::api_key;
use super::{Config, ConfigError, LAYERS, Settings};

impl Config {
    /// Reads, checks and completes the configuration. `environment` replaces the environment of the
    /// process, so that several services can be configured side by side in one process.
    ///
    /// # Errors
    ///
    /// Fails with every problem that was found, one line each.
    pub fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let settings: Settings = LAYERS.read(file, environment)?;
        let mut problems = settings.problems();
        let (mut api_keys, mut odd_api_keys) = (Vec::new(), Vec::new());
        for project in &settings.projects {
            match api_key(project, environment) {
                Ok(key) => {
                    api_keys.push(key.value);
                    let name = project.name().to_owned();
                    odd_api_keys.extend(key.oddity.map(|oddity| (name, oddity)));
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self {
                settings,
                api_keys,
                odd_api_keys,
            })
        } else {
            Err(problems.into())
        }
    }

    /// Reads and checks the settings only, for commands that need no API key.
    ///
    /// # Errors
    ///
    /// Fails with every problem that was found, one line each.
    pub fn settings(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Settings, ConfigError> {
        let settings: Settings = LAYERS.read(file, environment)?;
        let problems = settings.problems();
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems.into())
        }
    }

    /// Returns the address of the admin listener even if other settings are wrong. For the probe of
    /// a container.
    ///
    /// # Errors
    ///
    /// Fails where the address cannot be read.
    pub fn admin_listen(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<SocketAddr, ConfigError> {
        LAYERS.admin_listen(file, environment)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::super::DEFAULTS;
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
        // A parsed URL ends in a slash, and a parsed duration has its shortest form.
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
    fn a_value_of_the_wrong_kind_says_what_is_expected() {
        let version = "[[projects]]\napi_key_env = 'STACKONE_API_KEY'\napi_version = 'v3'\n";
        let version = problems(version, &[]);
        assert!(
            version.contains("v3") && version.contains("v2"),
            "{version}"
        );
        let property = problems("[kafka.properties]\n'lingerr.ms' = '1'\n", &[]);
        assert!(property.contains("lingerr.ms"), "{property}");
    }

    #[test]
    fn settings_without_keys_are_checked_all_the_same() {
        assert!(Config::settings(None, &HashMap::new()).is_ok());
        let wrong = HashMap::from([("PROCESSOR__GROUP__ID".to_owned(), String::new())]);
        assert!(Config::settings(None, &wrong).is_err());
    }

    #[test]
    fn every_value_that_does_not_fit_is_told_with_its_place() {
        let file = "[[projects]]\napi_key_env = 'STACKONE_API_KEY'\nrequests_per_minute = 0\n\
                    [group]\nsession_timeout = 6\n";
        let error = load(file, &[("PROCESSOR__TOPIC_LAYOUT__PARTITIONS", "many")]).unwrap_err();
        let keys = [
            "group.session_timeout: ",
            "projects[0].requests_per_minute: ",
            "topic_layout.partitions: ",
        ];
        assert_eq!(error.problems().len(), keys.len(), "{error}");
        for (problem, key) in error.problems().iter().zip(keys) {
            assert!(problem.starts_with(key), "{error}");
        }
    }

    #[test]
    fn properties_of_the_client_can_come_from_the_environment() {
        let name = "PROCESSOR__KAFKA__PROPERTIES__FETCH_WAIT_MAX_MS";
        let kafka = load("", &[(name, "100")]).unwrap().settings.kafka;
        assert_eq!(kafka.properties["fetch.wait.max.ms"], "100");
        let refused = problems("", &[("PROCESSOR__KAFKA__PROPERTIES__GROUP_ID", "g")]);
        assert!(refused.contains("set group.id"), "{refused}");
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
    fn a_secret_in_the_address_of_the_api_is_refused_and_not_told() {
        let with_key =
            "[[projects]]\napi_key_env = 'STACKONE_API_KEY'\nbase_url = 'https://x/?k=hush'\n";
        let found = problems(with_key, &[]);
        assert!(found.contains("base_url: must have no user"), "{found}");
        assert!(!found.contains("hush"), "{found}");
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
        for accounts in ["0", "101"] {
            let found = problems("", &[("PROCESSOR__BATCH__MAX_IDS", accounts)]);
            assert!(found.contains("batch.max_ids"), "{found}");
        }
        assert!(problems("[kafka.properties]\n'group.id' = 'x'\n", &[]).contains("group.id"));
        assert!(
            problems("[topics]\nlinked = 'stackone.account.lifecycle.v1'\n", &[])
                .contains("used twice")
        );
    }

    #[test]
    fn a_key_that_looks_odd_is_taken_as_it_is_and_named() {
        let quoted = HashMap::from([("STACKONE_API_KEY".to_owned(), "\"key\"".to_owned())]);
        let config = Config::load(None, &quoted).unwrap();
        let key = secrecy::ExposeSecret::expose_secret(&config.api_keys[0]);
        assert_eq!(key, "\"key\"");
        let [(project, oddity)] = &config.odd_api_keys[..] else {
            panic!("{:?}", config.odd_api_keys);
        };
        let named = "environment variable STACKONE_API_KEY is in quotes";
        assert_eq!(
            (project.as_str(), oddity.to_string().as_str()),
            ("default", named)
        );
    }
}
