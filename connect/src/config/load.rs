//! Reads and prints the configuration.

use std::collections::HashMap;
use std::path::Path;

use stackone_link_listeners::tls::Certificate;
use stackone_link_process::ConfigError;

use super::{Config, LAYERS, Origin, Secrets, Settings};

impl Config {
    /// Reads, checks and completes the configuration. `environment` stands for the whole
    /// environment.
    ///
    /// # Errors
    ///
    /// Fails where anything is wrong with it: every problem that could be found, one line each.
    pub fn load(
        file: Option<&Path>,
        environment: &HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let settings: Settings = LAYERS.read(file, environment)?;
        let mut problems = settings.problems();
        let (secrets, more) = Secrets::read(&settings, environment, None);
        problems.extend(more);
        problems.extend(secrets.problems(&settings));
        let certificate = settings.server.tls.as_ref().map(Certificate::read);
        let certificate = certificate.transpose().unwrap_or_else(|problem| {
            problems.push(problem.to_string());
            None
        });
        if !problems.is_empty() {
            return Err(problems.into());
        }
        Ok(Self {
            settings,
            secrets,
            certificate,
            origin: Origin::new(file, environment),
        })
    }

    /// Writes the settings in effect as TOML, without anything secret.
    ///
    /// # Errors
    ///
    /// Fails where a setting cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut settings = self.settings.clone();
        settings.kafka.properties = settings.kafka.client().redacted().properties;
        toml::to_string_pretty(&settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stackone_link_process::service::Configured as _;

    use crate::config::DEFAULTS;

    fn load(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let needed = [
            (
                "STACKONE_CONNECT_TOKEN_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
            ("STACKONE_CONNECT_API_KEY", "hush-hush"),
        ];
        let all = needed.iter().chain(more);
        let environment = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, &environment.collect())
    }

    #[test]
    fn the_defaults_list_every_setting_and_print_no_secret() {
        let printed = load(&[]).unwrap().to_toml().unwrap();
        assert!(!printed.contains("hush") && !printed.contains("0123456789abcdef"));
        let mut printed: toml::Value = toml::from_str(&printed).unwrap();
        let defaults: toml::Value = toml::from_str(DEFAULTS).unwrap();
        // TOML cannot have an empty list of tables before other keys.
        for list in ["service_tokens", "issuers"] {
            let empty = printed.as_table_mut().unwrap().remove(list);
            assert_eq!(empty, Some(toml::Value::Array(Vec::new())));
        }
        assert_eq!(printed, defaults);
    }

    #[test]
    fn a_secret_in_the_address_of_the_api_is_refused_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connect.toml");
        let with_user = "[[projects]]\nbase_url = 'https://u:hush@x'\napi_key_env = 'KEY'\n";
        std::fs::write(&file, with_user).unwrap();
        let environment = [
            ("KEY", "key"),
            (
                "STACKONE_CONNECT_TOKEN_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let error = Config::load(Some(&file), &environment.into()).unwrap_err();
        let told = "projects.base_url: must have no user, password, query or fragment";
        assert_eq!(error.problems(), [told]);
    }

    #[test]
    fn a_key_that_is_the_processor_s_is_warned_of() {
        let warned = |more: &[(&str, &str)]| load(more).unwrap().oddities().len();
        assert_eq!(warned(&[]), 0);
        assert_eq!(warned(&[("STACKONE_API_KEY", "another")]), 0);
        assert_eq!(warned(&[("STACKONE_API_KEY", "hush-hush")]), 1);
        let warnings = load(&[("STACKONE_API_KEY", "hush-hush")])
            .unwrap()
            .oddities();
        assert!(!warnings[0].contains("hush"), "{warnings:?}");
    }

    #[test]
    fn a_secret_that_looks_odd_is_used_and_named() {
        let quoted = "'0123456789abcdef0123456789abcdef'";
        let config = load(&[("STACKONE_CONNECT_TOKEN_KEY", quoted)]).unwrap();
        let told: Vec<_> = config.secrets.oddities().collect();
        let [(name, oddity)] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(name, "tokens.keys default");
        let odd = "environment variable STACKONE_CONNECT_TOKEN_KEY is in quotes";
        assert_eq!(oddity.to_string(), odd);
    }

    #[test]
    fn every_value_that_does_not_fit_and_properties_of_the_client_are_read() {
        let error = load(&[
            ("CONNECT__SERVER__WORKERS", "many"),
            ("CONNECT__LOOK__AFTER", "3"),
        ]);
        let error = error.unwrap_err();
        assert_eq!(error.problems().len(), 2, "{error}");
        let name = "CONNECT__KAFKA__PROPERTIES__SOCKET_KEEPALIVE_ENABLE";
        let kafka = load(&[(name, "true")]).unwrap().settings.kafka;
        assert_eq!(kafka.properties["socket.keepalive.enable"], "true");
    }

    /// Where 0 has a meaning: at once, one for each core, or no connection is kept.
    const ZERO_MEANS: [&str; 4] = [
        "look.after",
        "server.keep_alive",
        "server.workers",
        "shutdown.drain_delay",
    ];

    /// What 0 is in the place of this value, where it is a number or a time.
    fn zero_of(value: &toml::Value) -> Option<&'static str> {
        let is_time = |text| humantime_serde::re::humantime::parse_duration(text).is_ok();
        match value.is_integer() {
            true => Some("0"),
            false => value.as_str().is_some_and(is_time).then_some("0s"),
        }
    }

    #[test]
    fn a_number_or_a_time_of_0_is_refused_by_name_or_means_something() {
        let defaults: toml::Table = toml::from_str(DEFAULTS).unwrap();
        let mut taken = Vec::new();
        for (section, settings) in &defaults {
            for (key, value) in settings.as_table().into_iter().flatten() {
                let Some(zero) = zero_of(value) else {
                    continue;
                };
                let name = format!("CONNECT__{section}__{key}").to_uppercase();
                let key = format!("{section}.{key}");
                let Err(error) = load(&[(&name, zero)]) else {
                    taken.push(key);
                    continue;
                };
                let of_key = |problem: &String| problem.starts_with(&format!("{key}: "));
                assert!(error.problems().iter().all(of_key), "{error}");
            }
        }
        taken.sort();
        assert_eq!(taken, ZERO_MEANS);
    }

    #[test]
    fn a_setting_that_could_do_nothing_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connect.toml");
        let token = |name: &str| format!("[[service_tokens]]\nname = '{name}'\nenv = '{name}'\n");
        let tokens = ["DOTS", "BLANK", "UMLAUT"].map(token).concat();
        let environment = [
            (
                "STACKONE_CONNECT_TOKEN_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
            ("STACKONE_CONNECT_API_KEY", "hush-hush"),
            ("DOTS", "0123456789abcdef.0123456789abcde.f"),
            ("BLANK", "0123456789abcdef0123456789abcdef "),
            ("UMLAUT", "0123456789abcdef0123456789abcdeü"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment: HashMap<_, _> = environment.into();
        for (origin, is_origin) in [
            ("https://app.example.com", true),
            ("http://127.0.0.1:3001/", true),
            ("http://app.example.com", false),
            ("https://app.example.com/path", false),
        ] {
            let text = format!("sessions.return_origins = ['{origin}']\n{tokens}");
            std::fs::write(&file, text).unwrap();
            let error = Config::load(Some(&file), &environment).unwrap_err();
            let told = error.problems().join("\n");
            assert_eq!(
                told.contains("sessions.return_origins"),
                !is_origin,
                "{told}"
            );
            assert!(told.contains("BLANK") && told.contains("UMLAUT"), "{told}");
            assert!(!told.contains("DOTS"), "{told}");
        }
    }

    #[test]
    fn each_problem_of_connects_settings_is_told_in_one_line() {
        for (name, value, told) in [
            (
                "CONNECT__SERVER__PUBLIC_URL",
                "ftp://x",
                "server.public_url",
            ),
            (
                "CONNECT__SERVER__PUBLIC_URL",
                "http://connect.example.com",
                "server.public_url",
            ),
            (
                "CONNECT__SERVER__PUBLIC_URL",
                "https://x/",
                "server.public_url",
            ),
            ("STACKONE_CONNECT_TOKEN_KEY", "short", "tokens.keys default"),
            (
                "CONNECT__STACKONE__REQUESTS_PER_MINUTE",
                "0",
                "stackone.requests_per_minute",
            ),
            (
                "CONNECT__HUB__SCRIPT_URL",
                "https://x/hub.js",
                "hub.integrity",
            ),
            (
                "CONNECT__SERVER__MAX_CONNECTIONS_PER_PEER",
                "25001",
                "server.max_connections_per_peer",
            ),
            (
                "CONNECT__SERVER__TLS_HANDSHAKE_DEADLINE",
                "0s",
                "server.tls_handshake_deadline",
            ),
            ("CONNECT__ADMIN__LISTEN", "127.0.0.1:8084", "admin.listen"),
            (
                "CONNECT__KAFKA__ACK_DEADLINE",
                "500ms",
                "kafka.ack_deadline",
            ),
            ("CONNECT__LOOK__AFTER", "1m", "look.give_up_after"),
            ("CONNECT__SHUTDOWN__DEADLINE", "1500ms", "shutdown.deadline"),
            ("CONNECT__SERVER__WORKERS", "513", "server.workers"),
            ("CONNECT__TOPICS__STATE", "a b", "topic name"),
            ("CONNECT__LOKO__ENABLED", "true", "loko"),
        ] {
            let error = load(&[(name, value)]).unwrap_err();
            assert_eq!(error.problems().len(), 1, "{error}");
            assert!(error.problems()[0].contains(told), "{error}");
        }
    }
}
