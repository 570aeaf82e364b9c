//! The program as an operating system sees it: signals, exit codes, logs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::client;
use crate::sign::{SECRET, signature};

/// `stackone-ingest run`, in a process of its own; killed where a test fails.
struct Program {
    child: Child,
    /// Reads what it logs as it comes: a full pipe would hold the program up.
    logs: Option<JoinHandle<String>>,
    public: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
    }
}

impl Program {
    fn start(broker: &Broker, filter: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stackone-ingest"))
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
        let logs = thread::spawn(move || {
            logs.read_to_string(&mut read).unwrap();
            read
        });
        Self {
            child,
            logs: Some(logs),
            public,
        }
    }

    async fn post(&self, signature: &str, body: &str) -> u16 {
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

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Its exit code and all its logs.
    async fn ended(mut self) -> (Option<i32>, String) {
        let status = eventually("ended", async || self.child.try_wait().unwrap()).await;
        let logs = self.logs.take().unwrap();
        (status.code(), logs.join().unwrap())
    }
}

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
async fn no_log_shows_a_secret_a_signature_or_what_a_body_says() {
    let broker = Broker::with_topics();
    let program = Program::start(&broker, "trace");
    let body =
        r#"{"event":"account.created","account_id":"a1b2c3","origin_owner_name":"Jane Roe"}"#;
    let good = signature(SECRET, body.as_bytes());
    let unusable = "origin_username: Jane Roe";
    let forged = signature("another", body.as_bytes());
    assert_eq!(program.post(&good, body).await, 200);
    assert_eq!(
        program
            .post(&signature(SECRET, unusable.as_bytes()), unusable)
            .await,
        200
    );
    assert_eq!(program.post(&good, unusable).await, 401);
    assert_eq!(program.post(&forged, body).await, 401);
    assert_eq!(program.post("what\tever", body).await, 401);
    assert_eq!(program.post(&format!("{good}="), body).await, 401);
    broker.down();
    assert_eq!(program.post(&good, body).await, 503);
    program.signal("TERM");
    let (_, logs) = program.ended().await;
    for reason in [
        "bad_signature",
        "signature_malformed",
        "wrong_encoding",
        "not_acknowledged",
    ] {
        assert!(logs.contains(reason), "{reason} is not in {logs}");
    }
    for hidden in [SECRET, &good, &forged, "whatever", "Jane Roe", "a1b2c3"] {
        assert!(!logs.contains(hidden), "{hidden} is in {logs}");
    }
}
