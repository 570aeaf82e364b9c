//! The program: its exit codes and what it says.

use std::net::TcpListener;
use std::process::{Command, Output};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::Service;
use crate::sign::SECRET;

pub(crate) fn ingest(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stackone-ingest"));
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    command.output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_missing_secret_is_told_in_one_line_with_exit_code_2() {
    for arguments in [&[][..], &["run"], &["check-config"]] {
        let output = ingest(arguments, &[]);
        assert_eq!(output.status.code(), Some(2));
        let told = stderr(&output);
        assert!(
            told.contains("STACKONE_WEBHOOK_SECRET is not set; set it"),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn every_problem_of_a_configuration_has_its_line() {
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__LIMITS__MAX_BODY_BYTES", "5000000"),
        ("INGEST__KAFKA__PROPERTIES__ACKS", "1"),
        ("INGEST__PUBLISH__ACK_DEADLINE", "1ms"),
    ];
    let output = ingest(&["check-config"], &environment);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output).lines().count(), 3, "{}", stderr(&output));
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__SERVER__PORT", "1"),
    ];
    let told = stderr(&ingest(&["check-config"], &environment));
    assert!(
        told.contains("`port`") && told.contains("`listen`"),
        "{told}"
    );
}

#[test]
fn check_config_prints_what_is_in_effect_without_secrets() {
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__KAFKA__BOOTSTRAP_SERVERS", "kafka:9092"),
    ];
    let output = ingest(&["check-config"], &environment);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("\"kafka:9092\""), "{printed}");
    assert!(!printed.contains(SECRET));
}

#[test]
fn a_variable_that_sets_nothing_is_told_with_the_spelling_that_was_meant() {
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092"),
        ("INGEST_PORT", "tcp://10.0.0.1:8080"),
        ("INGEST__KAFKA__PROPERTIES__COMPRESSION_TYPE", "gzip"),
    ];
    let output = ingest(&["check-config"], &environment);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let expected = "stackone-ingest: warning: environment variable INGEST_KAFKA__BOOTSTRAP_SERVERS is ignored; \
                    write INGEST__KAFKA__BOOTSTRAP_SERVERS\n";
    assert_eq!(told, expected);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("\"compression.type\" = \"gzip\""),
        "{printed}"
    );
}

#[test]
fn every_value_that_does_not_fit_has_its_line() {
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__SERVER__WORKERS", "many"),
        ("INGEST__LIMITS__MAX_BODY_BYTES", "1 MiB"),
        ("INGEST__PUBLISH__LINGER", "soon"),
    ];
    let output = ingest(&["check-config"], &environment);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    let keys = [
        "limits.max_body_bytes: ",
        "publish.linger: ",
        "server.workers: ",
    ];
    assert_eq!(told.lines().count(), keys.len(), "{told}");
    for (line, key) in told.lines().zip(keys) {
        assert!(line.contains(key), "{told}");
    }
}

#[test]
fn more_workers_than_there_can_be_are_invalid_configuration() {
    for command in ["check-config", "run"] {
        let environment = [
            ("STACKONE_WEBHOOK_SECRET", SECRET),
            ("INGEST__SERVER__LISTEN", "127.0.0.1:0"),
            ("INGEST__ADMIN__LISTEN", "127.0.0.1:0"),
            ("INGEST__SERVER__WORKERS", "513"),
        ];
        let output = ingest(&[command], &environment);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {told}");
        assert!(told.contains("server.workers: 513"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_secret_that_looks_odd_is_named_and_no_reason_to_refuse_it() {
    let quoted = format!("'{SECRET}'");
    let output = ingest(&["check-config"], &[("STACKONE_WEBHOOK_SECRET", &quoted)]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let named = "environment variable STACKONE_WEBHOOK_SECRET is in quotes";
    assert!(told.contains(named) && told.lines().count() == 1, "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn a_port_in_use_is_told_with_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (setting, name) in [
        ("INGEST__SERVER__LISTEN", "server.listen"),
        ("INGEST__ADMIN__LISTEN", "admin.listen"),
    ] {
        let environment = [
            ("STACKONE_WEBHOOK_SECRET", SECRET),
            ("INGEST__SERVER__LISTEN", "127.0.0.1:0"),
            (setting, &address),
        ];
        let output = ingest(&["run"], &environment);
        assert_eq!(output.status.code(), Some(1));
        let told = stderr(&output);
        assert!(
            told.contains(&format!("{name}: cannot listen on {address}")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_healthcheck_says_whether_the_service_is_ready() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let address = service.admin.to_string();
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("INGEST__ADMIN__LISTEN", &address),
    ];
    for arguments in [&["healthcheck"][..], &["healthcheck", "--live"]] {
        // It gives up after 3 s, for which a busy machine may let it wait.
        eventually("healthy", async || {
            let output = ingest(arguments, &environment);
            (output.status.code() == Some(0)).then_some(())
        })
        .await;
    }
    service.stop.cancel();
    service.stopped().await.unwrap();
    let output = ingest(&["healthcheck"], &environment);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no answer from"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn a_healthcheck_needs_no_file_that_the_service_goes_on_without() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let address = service.admin.to_string();
    let environment = [("INGEST__ADMIN__LISTEN", address.as_str())];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ingest.toml");
    let secret =
        "[[sources]]\nname = 'default'\nsecrets = [{ name = 'gone', file = '/nowhere' }]\n";
    for text in [secret, "sources = 'no list'\n", "no = [toml"] {
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        eventually("healthy", async || {
            let output = ingest(&["--config", &file, "healthcheck"], &environment);
            (output.status.code() == Some(0)).then_some(())
        })
        .await;
    }
}

#[test]
fn a_setting_that_only_the_kafka_client_refuses_is_invalid_configuration_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ingest.toml");
    for property in ["'max.in.flight' = 6", "'message.send.max.retries' = 0"] {
        std::fs::write(&file, format!("[kafka.properties]\n{property}\n")).unwrap();
        for command in ["check-config", "run"] {
            let environment = [
                ("STACKONE_WEBHOOK_SECRET", SECRET),
                ("INGEST__SERVER__LISTEN", "127.0.0.1:0"),
                ("INGEST__ADMIN__LISTEN", "127.0.0.1:0"),
                ("INGEST__TELEMETRY__FILTER", "off"),
            ];
            let file = file.display().to_string();
            let output = ingest(&["--config", &file, command], &environment);
            let told = stderr(&output);
            assert_eq!(
                output.status.code(),
                Some(2),
                "{command} {property}: {told}"
            );
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
}
