use std::io::Write;
use std::time::Duration;

use super::*;
use crate::config::RecordEvents;

fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    let secret = ("STACKONE_WEBHOOK_SECRET", "a secret");
    let pairs = std::iter::once(&secret).chain(pairs);
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load(file: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut path = tempfile::NamedTempFile::new().unwrap();
    path.write_all(file.as_bytes()).unwrap();
    Config::load(Some(path.path()), &environment(pairs))
}

#[test]
fn the_defaults_and_one_secret_are_enough() {
    let config = Config::load(None, &environment(&[])).unwrap();
    assert_eq!(config.settings.limits.max_body_bytes, 900 * 1024);
    assert_eq!(config.settings.publish.record_events, RecordEvents::Publish);
    assert!(config.sources.get("default").is_some());
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[publish]\nack_deadline = '2s'\nrecord_events = 'drop'\n[kafka.properties]\n'batch.size' = 5\n";
    let config = load(file, &[("INGEST__PUBLISH__ACK_DEADLINE", "3s")]).unwrap();
    assert_eq!(config.settings.publish.ack_deadline, Duration::from_secs(3));
    assert_eq!(config.settings.publish.record_events, RecordEvents::Drop);
    assert_eq!(config.settings.kafka.properties["batch.size"], "5");
    assert_eq!(config.settings.kafka.bootstrap_servers, "127.0.0.1:9092");
}

#[test]
fn unknown_keys_are_refused_by_name_wherever_they_stand() {
    for (file, pairs, unknown, expected) in [
        ("[server]\nport = 1\n", vec![], "port", "listen"),
        (
            "[limits.before_authentication]\nrequest = 1\n",
            vec![],
            "request",
            "requests",
        ),
        (
            "[[sources]]\nname = 'a'\nsecret = 'x'\nsecrets = []\n",
            vec![],
            "secret",
            "secrets",
        ),
        ("", vec![("INGEST__SERVR__LISTEN", "x")], "servr", "server"),
        (
            "",
            vec![("INGEST__KAFKA__BOOTSTRAP", "x")],
            "bootstrap",
            "bootstrap_servers",
        ),
    ] {
        let problems = load(file, &pairs).unwrap_err().to_string();
        assert!(problems.contains(&format!("`{unknown}`")), "{problems}");
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn a_secret_that_stands_where_its_place_belongs_is_not_told() {
    for secrets in [
        "'hush'",
        "['hush']",
        "[{ name = 'a', file = ['hush'] }]",
        "[{ name = 'a', value = 'hush' }]",
        "{ name = 'hush' }",
    ] {
        let file = format!("[[sources]]\nname = 'a'\nsecrets = {secrets}\n");
        let problems = load(&file, &[]).unwrap_err().to_string();
        assert!(problems.contains("sources[0].secrets"), "{problems}");
        assert!(!problems.contains("hush"), "{problems}");
    }
    let problems = load("", &[("INGEST__SOURCES__SECRETS", "hush")]);
    let problems = problems.unwrap_err().to_string();
    assert!(!problems.contains("hush"), "{problems}");
}

#[test]
fn a_value_of_the_wrong_kind_says_what_is_expected() {
    let problems = load("[publish]\nrecord_events = 'maybe'\n", &[])
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("maybe") && problems.contains("drop"),
        "{problems}"
    );
}
