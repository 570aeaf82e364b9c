//! The program as an operating system sees it: signals and exit codes.

use crate::broker::Broker;
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
