use crate::settings::tests::LAYERS;

use super::*;

fn ignored(pairs: &[(&str, &str)]) -> Vec<String> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let ignored = LAYERS.ignored(&pairs.collect());
    ignored.iter().map(ToString::to_string).collect()
}

#[test]
fn a_variable_with_an_underscore_too_few_is_told_with_the_right_spelling() {
    for (name, meant) in [
        ("SAMPLE_ADMIN__LISTEN", "SAMPLE__ADMIN__LISTEN"),
        ("SAMPLE_ADMIN_LISTEN", "SAMPLE__ADMIN__LISTEN"),
        ("sample_admin_listen", "SAMPLE__ADMIN__LISTEN"),
        (
            "SAMPLE_LOOKUPS_MAX_IN_FLIGHT",
            "SAMPLE__LOOKUPS__MAX_IN_FLIGHT",
        ),
        (
            "SAMPLE_KAFKA__PROPERTIES__LINGER_MS",
            "SAMPLE__KAFKA__PROPERTIES__LINGER_MS",
        ),
        (
            "SAMPLE_KAFKA_PROPERTIES_LOG__LEVEL",
            "SAMPLE__KAFKA__PROPERTIES__LOG__LEVEL",
        ),
        // This setting has no default.
        (
            "SAMPLE_TELEMETRY__OTLP_ENDPOINT",
            "SAMPLE__TELEMETRY__OTLP_ENDPOINT",
        ),
    ] {
        let told = format!("environment variable {name} is ignored; write {meant}");
        assert_eq!(ignored(&[(name, "1")]), [told]);
    }
    let unknown = "environment variable SAMPLE_SPEED is ignored; settings are SAMPLE__SECTION__KEY";
    assert_eq!(ignored(&[("SAMPLE_SPEED", "1")]), [unknown]);
}

#[test]
fn no_variable_is_complained_of_that_is_a_setting_or_not_ours() {
    let pairs = [
        ("SAMPLE__ADMIN__LISTEN", "127.0.0.1:1"),
        ("SAMPLE_PORT", "tcp://10.0.0.1:8080"),
        ("SAMPLE_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("SAMPLE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("SAMPLE_SERVICE_HOST", "10.0.0.1"),
        ("SAMPLE_SERVICE_PORT_HTTP", "8080"),
        ("SAMPLE_ADMIN_PORT", "tcp://10.0.0.1:8081"),
        ("SAMPLE_ADMIN_SERVICE_PORT", "8081"),
        ("SAMPLER_ADMIN_LISTEN", "x"),
        ("SAMPLE", "x"),
        ("PATH", "/bin"),
    ];
    assert_eq!(ignored(&pairs), Vec::<String>::new());
    // The variable sets a port of the service's own, not one of a cluster service.
    assert_eq!(ignored(&[("SAMPLE_PORT", "8080")]).len(), 1);
}

#[test]
fn a_refused_variable_is_told_with_the_spelling_that_was_meant() {
    let pairs = [("SAMPLE__ADMIN_LISTEN".to_owned(), "127.0.0.1:1".to_owned())];
    let read = LAYERS.read::<HashMap<String, serde::de::IgnoredAny>>(None, &pairs.into());
    // A type that takes any key refuses none.
    assert!(read.is_ok());
    let pairs = [("SAMPLE__ADMIN_LISTEN", "127.0.0.1:1")];
    let error = crate::settings::tests::read("", &pairs).unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error}");
    };
    assert!(
        problem.contains("`admin_listen`")
            && problem.ends_with("in the environment; write SAMPLE__ADMIN__LISTEN"),
        "{problem}"
    );
}
