use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::*;

pub(super) const LAYERS: Layers = Layers {
    defaults: "projects = []\n[admin]\nlisten = '127.0.0.1:8081'\n[telemetry]\nformat = 'auto'\n\
               [lookups]\ntimeout = '10s'\nmax_in_flight = 1\n[kafka.properties]\n",
    prefix: "SAMPLE",
    dotted: &["kafka.properties"],
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    admin: AdminSettings,
    telemetry: Telemetry,
    lookups: Lookups,
    kafka: Kafka,
    projects: Vec<Project>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kafka {
    properties: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    id: String,
    #[serde(default)]
    requests_per_minute: Option<NonZeroU32>,
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
    max_in_flight: u32,
}

pub(super) fn read(file: &str, pairs: &[(&str, &str)]) -> Result<Sample, ConfigError> {
    let mut path = tempfile::NamedTempFile::new().unwrap();
    path.write_all(file.as_bytes()).unwrap();
    let environment = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    LAYERS.read(Some(path.path()), &environment.collect())
}

/// Returns the one line that reading these settings fails with.
fn problem(file: &str, pairs: &[(&str, &str)]) -> String {
    let error = read(file, pairs).unwrap_err();
    let problem = error.to_string();
    assert_eq!(error.problems(), [problem.as_str()]);
    assert_eq!(problem.lines().count(), 1, "{problem}");
    problem
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[admin]\nlisten = '127.0.0.1:1'\n[lookups]\ntimeout = '2s'\n[kafka.properties]\n'linger.ms' = 5\n";
    let settings = read(file, &[("SAMPLE__LOOKUPS__TIMEOUT", "3s")]).unwrap();
    assert_eq!(settings.lookups.timeout, Duration::from_secs(3));
    assert_eq!(settings.admin.listen, SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(settings.telemetry.format, LogFormat::Auto);
    assert_eq!(settings.kafka.properties["linger.ms"], "5");
    assert_eq!(settings.lookups.max_in_flight, 1);
    assert!(settings.projects.is_empty());
    let project = "[[projects]]\nid = 'a'\nrequests_per_minute = 7\n";
    let projects = read(project, &[]).unwrap().projects;
    assert_eq!(projects[0].id, "a");
    assert_eq!(projects[0].requests_per_minute, NonZeroU32::new(7));
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
fn every_value_that_does_not_fit_is_told_at_once_with_its_place() {
    let file = "[[projects]]\nid = 'a'\nrequests_per_minute = 0\n\
                [[projects]]\nid = 'b'\nrequests_per_minute = 'many'\nkey = 1\n\
                [[projects]]\nid = 'c'\n[kafka.properties]\n'linger.ms' = [1]\n\
                [admin]\nport = 1\nhost = 'a'\n[lookups]\ntimeout = 5\n";
    let pairs = [
        ("SAMPLE__LOOKUPS__MAX_IN_FLIGHT", "-"),
        ("SAMPLE__UNKNOWN", "x"),
    ];
    let error = read(file, &pairs).unwrap_err();
    let places = error.problems().iter().map(|told| {
        let (place, _) = told.split_once(": ").unwrap();
        place
    });
    let expected = [
        "admin.host",
        "admin.port",
        "kafka.properties.linger.ms",
        "lookups.max_in_flight",
        "lookups.timeout",
        "projects[0].requests_per_minute",
        "projects[1].key",
        "projects[1].requests_per_minute",
        "unknown",
    ];
    assert_eq!(places.collect::<Vec<_>>(), expected, "{error}");
    assert!(
        error.problems()[3].ends_with("in the environment"),
        "{error}"
    );
}

#[test]
fn a_missing_setting_is_told_once_and_hides_no_other_problem() {
    let file = "[[projects]]\nrequests_per_minute = 1\n[lookups]\ntimeout = 5\n";
    let error = read(file, &[]).unwrap_err();
    let [timeout, id] = error.problems() else {
        panic!("{error}");
    };
    assert!(timeout.starts_with("lookups.timeout: "), "{error}");
    assert_eq!(id, "projects[0].id: is missing");
    let later = "[[projects]]\nid = 'a'\n[[projects]]\n[[projects]]\nid = [1]\n";
    let error = read(later, &[]).unwrap_err();
    let [second, third] = error.problems() else {
        panic!("{error}");
    };
    assert_eq!(second, "projects[1].id: is missing");
    assert!(third.starts_with("projects[2].id: "), "{error}");
}

#[test]
fn keys_with_dots_can_be_set_from_the_environment() {
    let pairs = [
        ("SAMPLE__KAFKA__PROPERTIES__FETCH_WAIT_MAX_MS", "100"),
        ("SAMPLE__KAFKA__PROPERTIES__LINGER.MS", "5"),
        ("SAMPLE__KAFKA__PROPERTIES__LOG__LEVEL", "7"),
        ("SAMPLE__KAFKA__PROPERTIES__DEBUG", "all"),
    ];
    let file = "[kafka.properties]\n'fetch.wait.max.ms' = 1\n'acks' = 'all'\n";
    let properties = read(file, &pairs).unwrap().kafka.properties;
    let expected = [
        ("fetch.wait.max.ms", "100"),
        ("linger.ms", "5"),
        ("log_level", "7"),
        ("debug", "all"),
        ("acks", "all"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(properties, HashMap::from(expected));
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
