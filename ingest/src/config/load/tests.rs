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
    let file = "[publish]\nack_deadline = '2s'\nrecord_events = 'drop'\n[kafka.properties]\n'linger.ms' = 5\n";
    let config = load(file, &[("INGEST__PUBLISH__ACK_DEADLINE", "3s")]).unwrap();
    assert_eq!(config.settings.publish.ack_deadline, Duration::from_secs(3));
    assert_eq!(config.settings.publish.record_events, RecordEvents::Drop);
    assert_eq!(config.settings.kafka.properties["linger.ms"], "5");
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
fn what_orchestrators_put_into_the_environment_is_not_taken_for_a_setting() {
    let pairs = [
        ("INGEST_PORT", "tcp://10.0.0.1:8080"),
        ("INGEST_SERVICE_HOST", "x"),
    ];
    assert!(load("", &pairs).is_ok());
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_key() {
    let problems = load("[server]\nkeep_alive = 5\n", &[])
        .unwrap_err()
        .to_string();
    assert!(problems.contains("keep_alive"), "{problems}");
    let problems = load("[admin]\nlisten = 'localhost'\n", &[])
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("admin.listen") && problems.contains("IP:PORT"),
        "{problems}"
    );
    let problems = load("[publish]\nrecord_events = 'maybe'\n", &[])
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("maybe") && problems.contains("drop"),
        "{problems}"
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_in_one_line() {
    let problems = load("a = 1\n[server\n", &[]).unwrap_err().to_string();
    assert!(
        problems.contains("line 2") && problems.contains("unclosed"),
        "{problems}"
    );
    assert_eq!(problems.lines().count(), 1, "{problems}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/ingest.toml")), &environment(&[]));
    let problems = error.unwrap_err().to_string();
    assert!(problems.contains("/nowhere/ingest.toml"), "{problems}");
}
