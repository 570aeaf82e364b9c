//! The program in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::client;
use crate::sign::SECRET;

const PATH: &str = env!("CARGO_BIN_EXE_stackone-ingest");
/// Deadlines that no busy machine misses; see `service::patient`.
const PATIENT: [(&str, &str); 4] = [
    ("INGEST__SERVER__HEADER_DEADLINE", "3m"),
    ("INGEST__PUBLISH__ACK_DEADLINE", "60s"),
    ("INGEST__PUBLISH__STALL_AFTER", "60s"),
    ("INGEST__SHUTDOWN__DEADLINE", "80s"),
];

/// `stackone-ingest run`, in a process of its own; killed where a test fails.
pub(crate) struct Program {
    child: Child,
    /// Reads what it logs as it comes: a full pipe would hold the program up.
    reader: Option<JoinHandle<()>>,
    told: Arc<Mutex<String>>,
    pub(crate) public: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
    }
}

impl Program {
    pub(crate) fn start(broker: &Broker, filter: &str) -> Self {
        let mut command = Command::new(PATH);
        command.arg("run");
        Self::of(command, broker, filter, &PATIENT)
    }

    /// With the deadlines that it has by default, or by the file that `arguments` name.
    pub(crate) fn with(broker: &Broker, filter: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(PATH);
        command.args(arguments);
        Self::of(command, broker, filter, &[])
    }

    /// Under `limits` of open files, in the words of a shell, and set to so many connections.
    pub(crate) fn with_open_files(broker: &Broker, limits: &str, connections: usize) -> Self {
        let server = ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_PEER"];
        let server = server.map(|name| format!("INGEST__SERVER__{name}={connections}"));
        let program = format!("{limits} && {} exec {PATH} run", server.join(" "));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &program]);
        Self::of(command, broker, "info", &PATIENT)
    }

    fn of(mut command: Command, broker: &Broker, filter: &str, more: &[(&str, &str)]) -> Self {
        let mut child = command
            .env_clear()
            .env("STACKONE_WEBHOOK_SECRET", SECRET)
            .env("INGEST__SERVER__LISTEN", "127.0.0.1:0")
            .env("INGEST__ADMIN__LISTEN", "127.0.0.1:0")
            .env("INGEST__KAFKA__BOOTSTRAP_SERVERS", broker.address())
            .env(
                "INGEST__TOPICS__ACCOUNT_EVENTS",
                &broker.topics.account_events,
            )
            .env(
                "INGEST__TOPICS__RECORD_EVENTS",
                &broker.topics.record_events,
            )
            .env("INGEST__TOPICS__UNRECOGNIZED", &broker.topics.unrecognized)
            .env("INGEST__SHUTDOWN__DRAIN_DELAY", "0s")
            .env("INGEST__TELEMETRY__FILTER", filter)
            .envs(more.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut logs = BufReader::new(child.stderr.take().unwrap());
        let mut read = String::new();
        let public = loop {
            let start = read.len();
            assert!(logs.read_line(&mut read).unwrap() > 0, "it ended: {read}");
            let line: Value = serde_json::from_str(&read[start..]).unwrap();
            if line["message"] == "serving" {
                break line["public"].as_str().unwrap().parse().unwrap();
            }
        };
        let told = Arc::new(Mutex::new(read));
        let telling = Arc::clone(&told);
        let reader = thread::spawn(move || {
            for line in logs.lines() {
                let mut told = telling.lock().unwrap();
                told.push_str(&line.unwrap());
                told.push('\n');
            }
        });
        Self {
            child,
            told,
            reader: Some(reader),
            public,
        }
    }

    pub(crate) async fn post(&self, signature: &str, body: &str) -> u16 {
        let url = format!("http://{}/webhooks/stackone/default", self.public);
        let request = client().post(url).header("x-stackone-signature", signature);
        request
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// How much of the machine's memory it has, by Linux's account.
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib: usize = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kib * 1024
    }

    /// Waits for a line with this text, and returns it.
    pub(crate) async fn logged(&self, text: &str) -> String {
        eventually(text, async || {
            let told = self.told.lock().unwrap();
            let mut lines = told.lines();
            lines.find(|line| line.contains(text)).map(str::to_owned)
        })
        .await
    }

    /// The logs so far.
    pub(crate) fn logs(&self) -> String {
        self.told.lock().unwrap().clone()
    }

    /// Whether it has said so yet.
    pub(crate) fn told(&self, text: &str) -> bool {
        self.told.lock().unwrap().contains(text)
    }

    /// Its exit code and all its logs.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = eventually("ended", async || self.child.try_wait().unwrap()).await;
        self.reader.take().unwrap().join().unwrap();
        let told = self.told.lock().unwrap().clone();
        (status.code(), told)
    }
}
