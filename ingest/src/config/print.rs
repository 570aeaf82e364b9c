//! What `check-config` prints.

use super::Config;
use super::settings::Settings;

impl Config {
    /// The settings in effect as TOML, with everything secret left out.
    ///
    /// # Errors
    ///
    /// Where a setting cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let settings = Settings {
            kafka: self.settings.kafka.redacted(),
            ..self.settings.clone()
        };
        toml::to_string_pretty(&settings)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::DEFAULTS;
    use super::*;

    fn config() -> Config {
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "hush-hush".to_owned());
        Config::load(None, &HashMap::from([secret])).unwrap()
    }

    #[test]
    fn the_defaults_list_every_setting() {
        let printed: toml::Value = toml::from_str(&config().to_toml().unwrap()).unwrap();
        let defaults: toml::Value = toml::from_str(DEFAULTS).unwrap();
        assert_eq!(printed, defaults);
    }

    #[test]
    fn printed_settings_hold_no_secret() {
        let mut config = config();
        for (name, value) in [("ssl.key.password", "hush-hush"), ("linger.ms", "7")] {
            let properties = &mut config.settings.kafka.properties;
            properties.insert(name.to_owned(), value.to_owned());
        }
        let printed = config.to_toml().unwrap();
        assert!(
            printed.contains("[redacted]") && printed.contains("\"7\""),
            "{printed}"
        );
        assert!(!printed.contains("hush-hush"));
        assert!(!format!("{config:?}").contains("hush-hush"));
    }
}
