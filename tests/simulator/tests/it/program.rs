//! The program, as a person or a container runs it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use stackone_simulator::SIGNATURE_HEADER;
use tempfile::TempDir;
use wiremock::MockServer;

use crate::stage::{KEY, SECRET, client, receiver, within_deadline};

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_stackone-simulator"));
    program.env_remove("RUST_LOG");
    program
}

fn file(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs `send` and waits for it, away from the threads that answer it.
async fn send(url: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["send", "--url", url, "--secret-file"])
        .arg(file(&folder, "secret", &format!("{SECRET}\n")))
        .args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn only_request(receiver: &MockServer) -> wiremock::Request {
    let mut requests = receiver.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[tokio::test]
async fn send_prints_the_answer_in_a_line_and_exits_with_what_it_means() {
    for (status, code) in [(200, 0), (202, 3), (401, 3), (503, 4)] {
        let receiver = receiver(&[status]).await;
        let output = send(&receiver.uri(), &["account.created", "--account-id", "a1"]).await;
        assert_eq!(output.status.code(), Some(code));
        let line = stdout(&output);
        assert!(line.starts_with(&status.to_string()), "{line}");
        assert!(
            line.contains("account.created a1") && line.lines().count() == 1,
            "{line}"
        );
    }
    let output = send("http://127.0.0.1:1/", &["account.created"]).await;
    assert_eq!(output.status.code(), Some(5));
    assert!(stdout(&output).starts_with("no answer"));
}

#[tokio::test]
async fn send_signs_exactly_the_bytes_of_a_file() {
    let receiver = receiver(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let body = file(&folder, "body", "{ \"event\": 1 }\n");
    let output = send(
        &receiver.uri(),
        &["anything", "--body-file", body.to_str().unwrap()],
    )
    .await;
    assert_eq!(output.status.code(), Some(0));
    let request = only_request(&receiver).await;
    assert_eq!(request.body, b"{ \"event\": 1 }\n");
    // Computed with OpenSSL, not with our code.
    assert_eq!(
        request.headers[SIGNATURE_HEADER],
        "-eq-tyxv9ywdFmDuByvoUQrwPi7tSjV2egv5lw2ABP0"
    );
}

#[tokio::test]
async fn send_says_what_was_tampered_with() {
    let receiver = receiver(&[401]).await;
    let arguments = ["account.deleted", "--tamper", "encoding"];
    let output = send(&receiver.uri(), &arguments).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("hexadecimal"));
    assert_eq!(
        only_request(&receiver).await.headers[SIGNATURE_HEADER].len(),
        64
    );
}

#[tokio::test]
async fn send_can_send_many() {
    let receiver = receiver(&[]).await;
    let output = send(&receiver.uri(), &["hris_employees.created", "--count", "3"]).await;
    assert_eq!(stdout(&output).lines().count(), 3);
    assert_eq!(receiver.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn wrong_usage_exits_2_and_never_shows_a_secret() {
    for arguments in [
        vec!["send", "account.created", "--url", "http://127.0.0.1:1/"],
        vec![
            "send",
            "account.created",
            "--url",
            "ftp://x/",
            "--secret-file",
            "/dev/null",
        ],
        vec![
            "send",
            "account.created",
            "--url",
            "no url",
            "--secret-file",
            "x",
        ],
        vec!["serve", "--webhook-url", "http://127.0.0.1:1/"],
        vec!["serve", "--project", "key=1"],
        vec!["fly"],
    ] {
        let mut command = program();
        command
            .env_remove("STACKONE_SIMULATOR_WEBHOOK_SECRET")
            .args(&arguments);
        let output = command
            .env_remove("STACKONE_SIMULATOR_API_KEY")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[tokio::test]
async fn an_address_in_use_exits_1_and_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program()
        .args(["serve", "--api-listen", &address])
        .env("STACKONE_SIMULATOR_API_KEY", KEY)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&address), "{error}");
}

/// Ends the program even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[tokio::test]
async fn serve_answers_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args([
            "serve",
            "--api-listen",
            "127.0.0.1:0",
            "--control-listen",
            "127.0.0.1:0",
        ])
        .arg("--api-key-file")
        .arg(file(&folder, "key", KEY))
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let ready = lines
        .find_map(|line| line.ok().filter(|line| line.contains("is ready")))
        .unwrap();
    let api = ready.split("accounts_api=").nth(1).unwrap();
    let api = api.split_whitespace().next().unwrap().trim_matches('"');
    let answer = client()
        .get(format!("{api}/accounts"))
        .header("user-agent", "t")
        .basic_auth(KEY, Some(""));
    assert_eq!(answer.send().await.unwrap().status(), 200);
    assert!(!ready.contains(KEY));
    let control = ready.split("control=\"http://").nth(1).unwrap();
    let control = control.split('"').next().unwrap();
    // It gives up after 3 s, for which a busy machine may let it wait.
    within_deadline(async {
        while healthcheck(control).status.code() != Some(0) {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let pid = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let unhealthy = healthcheck(control);
    assert_eq!(unhealthy.status.code(), Some(1));
    let error = String::from_utf8(unhealthy.stderr).unwrap();
    assert!(error.contains(control), "{error}");
}

fn healthcheck(control: &str) -> Output {
    let mut command = program();
    command.args(["healthcheck", "--control-listen", control]);
    command.output().unwrap()
}

/// The address after `name=` in the line that says that it is ready.
fn address(ready: &str, name: &str) -> String {
    let address = ready.split(name).nth(1).unwrap();
    let address = address.split_whitespace().next().unwrap();
    address.trim_matches('"').to_owned()
}

/// `serve` on free ports, with its accounts in a file of this folder.
fn serving(folder: &TempDir) -> Command {
    let mut command = program();
    let free = "127.0.0.1:0";
    command
        .args(["serve", "--api-listen", free, "--control-listen", free])
        .arg("--api-key-file")
        .arg(file(folder, "key", KEY))
        .arg("--state")
        .arg(folder.path().join("accounts.json"))
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped());
    command
}

/// Starts it; gives the line that says that it is ready. Nobody reads its log from then on, which
/// must not end it.
fn started(folder: &TempDir) -> (Running, String) {
    let mut running = Running(serving(folder).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let ready = lines.find_map(|line| line.ok().filter(|line| line.contains("is ready")));
    (running, ready.unwrap())
}

#[tokio::test]
async fn accounts_outlive_a_restart_where_a_file_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, ready) = started(&folder);
    let accounts = format!("{}/control/accounts", address(&ready, "control="));
    let new = client().post(&accounts).body(r#"{"id":"acc-1"}"#);
    assert_eq!(new.send().await.unwrap().status(), 201);
    let pid = first.0.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.unwrap().success());
    assert_eq!(first.0.wait().unwrap().code(), Some(0));

    let (_second, ready) = started(&folder);
    let url = format!("{}/accounts/acc-1", address(&ready, "accounts_api="));
    let known = client().get(url).header("user-agent", "t");
    let known = known.basic_auth(KEY, Some("")).send().await.unwrap();
    assert_eq!(known.status(), 200);
}

#[test]
fn a_file_that_holds_no_accounts_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let state = file(&folder, "accounts.json", "not accounts");
    let output = serving(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("accounts.json is no file of accounts"),
        "{error}"
    );
    assert_eq!(std::fs::read(state).unwrap(), b"not accounts");
}
