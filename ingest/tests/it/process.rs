//! The program as an operating system sees it: signals and exit codes.

use crate::broker::Broker;
use crate::http::Connection;
use crate::program::Program;
use crate::sign::{SECRET, signature};

#[tokio::test]
async fn a_signal_stops_it_with_exit_code_0() {
    let broker = Broker::with_topics();
    for signal in ["TERM", "INT"] {
        let program = Program::start(&broker, "info");
        let body = r#"{"event":"account.created","account_id":"a"}"#;
        assert_eq!(
            program
                .post(&signature(SECRET, body.as_bytes()), body)
                .await,
            200
        );
        program.signal(signal);
        let (code, logs) = program.ended().await;
        assert_eq!(code, Some(0), "{logs}");
        assert!(logs.contains("\"stopped\""), "{logs}");
    }
}

#[tokio::test]
async fn a_secret_that_looks_odd_is_taken_as_it_is_and_its_file_is_named_once() {
    let (broker, folder) = (Broker::with_topics(), tempfile::tempdir().unwrap());
    let (secret, config) = (
        folder.path().join("secret"),
        folder.path().join("ingest.toml"),
    );
    let odd = format!("\u{feff}\"{SECRET}\"\n\n");
    std::fs::write(&secret, &odd).unwrap();
    let list = format!(
        "[server]\nheader_deadline = '3m'\n[publish]\nack_deadline = '60s'\nstall_after = '60s'\n\
         [shutdown]\ndeadline = '80s'\n[[sources]]\nname = 'default'\nsecrets = [{{ name = 'one', file = '{}' }}]\n",
        secret.display()
    );
    std::fs::write(&config, list).unwrap();
    let config = config.display().to_string();
    let program = Program::with(&broker, "info", &["--config", &config]);
    let body = r#"{"event":"account.created","account_id":"a"}"#;
    let as_it_is = odd.strip_suffix('\n').unwrap();
    let as_it_is = signature(as_it_is, body.as_bytes());
    assert_eq!(program.post(&as_it_is, body).await, 200);
    let told = program.logged("is taken as it is").await;
    let named = format!("file {} begins with a byte order mark", secret.display());
    assert!(told.contains(&named) && told.contains("\"WARN\""), "{told}");
    std::fs::write(&secret, SECRET).unwrap();
    program.logged("is in order again").await;
    assert_eq!(
        program
            .post(&signature(SECRET, body.as_bytes()), body)
            .await,
        200
    );
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    assert_eq!(logs.matches("is taken as it is").count(), 1, "{logs}");
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_and_one_that_is_too_low_is_told() {
    let broker = Broker::with_topics();
    for (limits, is_told) in [("ulimit -S -n 100", false), ("ulimit -n 400", true)] {
        let program = Program::with_open_files(&broker, limits, 1000);
        let body = r#"{"event":"account.created","account_id":"a"}"#;
        let signature = signature(SECRET, body.as_bytes());
        assert_eq!(program.post(&signature, body).await, 200);
        program.signal("TERM");
        let (code, logs) = program.ended().await;
        assert_eq!(code, Some(0), "{logs}");
        let told = logs.contains(r#""connections":144"#) && logs.contains("ulimit -n");
        assert_eq!(told, is_told, "{logs}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_although_a_body_is_still_waited_for() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    let body = r#"{"event":"account.created","account_id":"a"}"#;
    let signature = signature(SECRET, body.as_bytes());
    let head = [
        format!("x-stackone-signature: {signature}"),
        format!("content-length: {}", body.len()),
        "expect: 100-continue".to_owned(),
    ];
    let mut unfinished = Connection::head(program.public, &head).await;
    assert_eq!(unfinished.status().await, 100, "it is being served");
    program.signal("TERM");
    program.logged("stopping; still accepting").await;
    program.signal("TERM");
    let (code, logs) = program.ended().await;
    assert_eq!(code, Some(1), "{logs}");
    assert!(logs.contains("ended by a second signal"), "{logs}");
}

/// The embedded broker gives no answer to who asks for the settings of a topic.
#[tokio::test]
async fn nothing_waits_for_a_broker_that_does_not_say_what_its_topics_take() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "info");
    let body = r#"{"event":"account.created","account_id":"a"}"#;
    let signature = signature(SECRET, body.as_bytes());
    assert_eq!(program.post(&signature, body).await, 200);
    let unchecked = "was not checked yet";
    let told = program.logged(unchecked).await;
    assert!(told.contains("\"WARN\""), "{told}");
    let logs = program.logs();
    let [ready, unchecked] = ["kafka has all topics", unchecked].map(|line| logs.find(line));
    assert!(
        ready.is_some() && ready < unchecked,
        "nobody has waited for it: {logs}"
    );
}

#[tokio::test]
async fn an_outage_is_told_and_does_not_fill_the_log() {
    let broker = Broker::with_topics();
    let program = Program::with(&broker, "info", &["run"]);
    program.logged("kafka has all topics").await;
    broker.down();
    let body = r#"{"event":"account.created","account_id":"a"}"#;
    // Answered when the producer gives the record up, some seconds later.
    let signature = signature(SECRET, body.as_bytes());
    assert_eq!(program.post(&signature, body).await, 503);
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    assert!(logs.contains("127.0.0.1"), "whom it misses: {logs}");
    let lines = logs.lines().count();
    assert!(lines < 40, "{lines} lines: {logs}");
}
