//! Commands that nobody listens to any more, or whose words have no place to go.

use std::process::{Output, Stdio};

use harness::{Pipeline, SECRET, WITHIN};
use tokio::process::Command;

use super::reader::Reader;

const INGEST: &str = env!("CARGO_BIN_EXE_ingest-under-test");
const PROCESSOR: &str = env!("CARGO_BIN_EXE_processor-under-test");

/// What a command said on stderr and how it ended, while its stdout goes where `reader` says.
async fn output(mut command: Command, reader: Reader) -> Output {
    let (stdout, _unread) = reader.output();
    command.stdout(stdout).stderr(Stdio::piped());
    let ended = command.kill_on_drop(true).spawn().unwrap();
    let ended = tokio::time::timeout(WITHIN, ended.wait_with_output()).await;
    ended.unwrap().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_reader_has_seen_enough_ends_without_a_word() {
    let pipeline = Pipeline::start("seen-enough").await;
    for arguments in [
        &["--help"][..],
        &["check-config"],
        &["acls"],
        &["acls", "--json"],
        &["topics", "plan"],
        &["state", "list"],
        &["state", "list", "--json"],
        &["unlinks", "list"],
        &["explain", "a"],
        &["explain", "a", "--json"],
        &["look", "a"],
        &["look", "a", "--json"],
        &["redrive", "--dry-run"],
        &["redrive", "--dry-run", "--json"],
        &["resync"],
        &["doctor", "--timeout", "1s"],
    ] {
        let output = output(pipeline.command(arguments), Reader::Gone).await;
        assert_eq!(told(&output), "", "{arguments:?}");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 141)), "{arguments:?}: {code:?}");
    }
    let mut command = Command::new(INGEST);
    command.arg("check-config");
    command.env("STACKONE_WEBHOOK_SECRET", SECRET);
    let output = output(command, Reader::Gone).await;
    assert_eq!(
        (told(&output).as_str(), output.status.code()),
        ("", Some(141))
    );
    pipeline.stop().await.unwrap();
}

#[tokio::test]
async fn a_configuration_that_cannot_be_printed_is_a_failure_that_is_told() {
    for (program, key) in [
        (INGEST, "STACKONE_WEBHOOK_SECRET"),
        (PROCESSOR, "STACKONE_API_KEY"),
    ] {
        let mut command = Command::new(program);
        command.arg("check-config").env(key, SECRET);
        let output = output(command, Reader::FullDisk).await;
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("standard output: No space left"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_ends_as_it_would_although_its_last_words_cannot_be_written() {
    let pipeline = Pipeline::start("last-words").await;
    for reader in Reader::ALL {
        for (arguments, expected) in [
            (&["state", "get", "nobody"][..], 1),
            (&["redrive"], 0),
            (&["resync"], 0),
            (&["no-such-command"], 2),
        ] {
            let (stderr, _unread) = reader.output();
            let mut command = pipeline.command(arguments);
            command.stdout(Stdio::null()).stderr(stderr);
            let ended = command.kill_on_drop(true).status();
            let ended = tokio::time::timeout(WITHIN, ended).await;
            let code = ended.unwrap().unwrap().code();
            assert_eq!(code, Some(expected), "{reader:?}: {arguments:?}");
        }
    }
    pipeline.stop().await.unwrap();
}
