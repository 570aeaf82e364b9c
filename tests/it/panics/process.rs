//! The hook of every service.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::WITHIN;

use super::PANICKED;

const PROGRAM: &str = env!("CARGO_BIN_EXE_process-under-test");

/// What a pipe takes that nobody reads, by Linux's account.
const PIPE_BYTES: usize = 64 * 1024;

struct Ended {
    code: Option<i32>,
    log: String,
    took: Duration,
}

/// Has a process panic in this place, and waits for its end.
fn ended(arguments: &[&str]) -> Ended {
    let (log, stderr) = pipe().unwrap();
    ended_with(arguments, log, stderr)
}

fn ended_with(arguments: &[&str], mut reader: PipeReader, stderr: PipeWriter) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_remove("RUST_BACKTRACE");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    // It has the writing end, too.
    drop(command);
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "now\n", "{arguments:?}");
    let panicked = Instant::now();
    let code = child.wait().unwrap().code();
    let took = panicked.elapsed();
    let mut log = String::new();
    reader.read_to_string(&mut log).unwrap();
    Ended { code, log, took }
}

#[test]
fn a_panic_on_any_thread_is_said_and_ends_the_process() {
    for place in [
        "main",
        "thread",
        "task",
        "job",
        "callback",
        "drop",
        "thread whose client waits when it is dropped",
        "two threads",
        "named task",
        "named job",
    ] {
        let Ended { code, log, took } = ended(&[place]);
        assert_eq!(code, Some(PANICKED), "{place}: {log}");
        assert!(took < WITHIN, "{place}: {took:?}");
        assert!(log.contains("on purpose"), "{place}: {log}");
    }
}

#[test]
fn a_process_that_panics_ends_although_nobody_reads_its_last_words() {
    for place in ["thread", "logged"] {
        let (log, mut stderr) = pipe().unwrap();
        let filling = "x".repeat(PIPE_BYTES);
        stderr.write_all(filling.as_bytes()).unwrap();
        let Ended { code, log, took } = ended_with(&[place], log, stderr);
        assert_eq!(code, Some(PANICKED), "{place}");
        assert!(log == filling, "{place}: there was no room");
        assert!(took < WITHIN, "{place}: {took:?}");
    }
}

#[test]
fn a_service_says_a_panic_in_its_log() {
    let log = ended(&["named task"]).log;
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    for (field, expected) in [
        ("level", "ERROR"),
        ("message", "panicked"),
        ("reason", "on purpose"),
        ("task", "a task"),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    let location = line["location"].as_str().unwrap();
    assert!(location.contains("bin/process.rs:"), "{location}");
    let unnamed = ended(&["logged"]).log;
    assert!(unnamed.contains("panicked"), "{unnamed}");
}

#[test]
fn where_a_panic_ends_a_task_the_process_goes_on_if_somebody_waits_for_the_task() {
    for place in ["named task", "named job"] {
        let Ended { code, log, .. } = ended(&[place, "goes on"]);
        assert_eq!(code, Some(0), "{place}: {log}");
        assert!(log.contains("on purpose"), "{place}: {log}");
    }
    for place in ["main", "thread", "callback"] {
        let Ended { code, log, took } = ended(&[place, "goes on"]);
        assert_eq!(code, Some(PANICKED), "{place}: {log}");
        assert!(took < WITHIN, "{place}: {took:?}");
    }
}
