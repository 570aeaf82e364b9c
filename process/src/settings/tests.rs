use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::*;

const LAYERS: Layers = Layers {
    defaults: "properties = {}\n[admin]\nlisten = '127.0.0.1:8081'\n\
               [telemetry]\nformat = 'auto'\n[lookups]\ntimeout = '10s'\n",
    prefix: "SAMPLE",
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    admin: AdminSettings,
    telemetry: Telemetry,
    lookups: Lookups,
    properties: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Telemetry {
    #[serde(deserialize_with = "one_of")]
    format: LogFormat,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookups {
    #[serde(with = "humantime_serde")]
    timeout: Duration,
}

fn read(file: &str, pairs: &[(&str, &str)]) -> Result<Sample, ConfigError> {
    let mut path = tempfile::NamedTempFile::new().unwrap();
    path.write_all(file.as_bytes()).unwrap();
    let environment = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    LAYERS.read(Some(path.path()), &environment.collect())
}

/// What is said of settings that cannot be used, which is one line.
fn problem(file: &str, pairs: &[(&str, &str)]) -> String {
    let error = read(file, pairs).unwrap_err();
    let problem = error.to_string();
    assert_eq!(error.problems(), [problem.as_str()]);
    assert_eq!(problem.lines().count(), 1, "{problem}");
    problem
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[admin]\nlisten = '127.0.0.1:1'\n[lookups]\ntimeout = '2s'\n[properties]\n'linger.ms' = 5\n";
    let settings = read(file, &[("SAMPLE__LOOKUPS__TIMEOUT", "3s")]).unwrap();
    assert_eq!(settings.lookups.timeout, Duration::from_secs(3));
    assert_eq!(settings.admin.listen, SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(settings.telemetry.format, LogFormat::Auto);
    assert_eq!(settings.properties["linger.ms"], "5");
}

#[test]
fn unknown_keys_are_refused_by_name_wherever_they_stand() {
    for (file, pairs, unknown, expected) in [
        ("[admin]\nport = 1\n", vec![], "`port`", "`listen`"),
        ("", vec![("SAMPLE__ADMIN__PORT", "1")], "`port`", "`listen`"),
        (
            "",
            vec![("SAMPLE__LOOKUP__X", "x")],
            "`lookup`",
            "`lookups`",
        ),
    ] {
        let problem = problem(file, &pairs);
        assert!(
            problem.contains(unknown) && problem.contains(expected),
            "{problem}"
        );
    }
}

#[test]
fn what_orchestrators_put_into_the_environment_is_not_taken_for_a_setting() {
    let pairs = [
        ("SAMPLE_PORT", "tcp://10.0.0.1:8080"),
        ("SAMPLE_SERVICE_HOST", "x"),
    ];
    assert!(read("", &pairs).is_ok());
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_key_and_what_is_expected() {
    for (file, key, given, expected) in [
        (
            "[lookups]\ntimeout = 5\n",
            "lookups.timeout",
            "5",
            "a duration",
        ),
        (
            "[admin]\nlisten = 'localhost'\n",
            "admin.listen",
            "localhost",
            "IP:PORT",
        ),
        (
            "[telemetry]\nformat = 'xml'\n",
            "telemetry.format",
            "xml",
            "human",
        ),
    ] {
        let problem = problem(file, &[]);
        for part in [key, given, expected] {
            assert!(problem.contains(part), "{part} is not in: {problem}");
        }
    }
}

#[test]
fn a_file_that_is_no_toml_is_told_in_one_line() {
    let problem = problem("a = 1\n[server\n", &[]);
    assert!(
        problem.contains("line 2") && problem.contains("unclosed"),
        "{problem}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let read = LAYERS.read::<Sample>(Some(Path::new("/nowhere/sample.toml")), &HashMap::new());
    let problem = read.unwrap_err().to_string();
    assert!(problem.contains("/nowhere/sample.toml"), "{problem}");
}

#[test]
fn a_probe_finds_the_listener_whatever_else_cannot_be_read() {
    let environment = [("SAMPLE__ADMIN__LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
    let from_environment = HashMap::from(environment);
    let ask = |file: &str, environment| {
        let mut path = tempfile::NamedTempFile::new().unwrap();
        path.write_all(file.as_bytes()).unwrap();
        let listen = LAYERS.admin_listen(Some(path.path()), environment);
        listen.map(|listen| listen.port()).unwrap()
    };
    let none = HashMap::new();
    let elsewhere = "[admin]\nlisten = '127.0.0.1:1'\n[unknown]\nkey = 1\n";
    assert_eq!(ask(elsewhere, &none), 1);
    assert_eq!(ask("no = [toml", &from_environment), 2);
    assert_eq!(ask("", &none), 8081);
    let gone = LAYERS.admin_listen(Some(Path::new("/nowhere")), &from_environment);
    assert_eq!(gone.unwrap().port(), 2);
}
