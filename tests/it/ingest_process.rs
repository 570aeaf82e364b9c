//! Ingest as a process of its own, which can be killed, and the broker it writes to.

use std::process::ExitStatus;
use std::time::Duration;

#[cfg(feature = "kafka-tls")]
use harness::Pipeline;
use harness::SECRET;
use stackone_link_wire::Topics;
use tokio::process::Command;
use url::Url;

use crate::service_process::ServiceProcess;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ingest-under-test");

/// A running ingest; killed when dropped.
pub(crate) struct IngestProcess {
    pub(crate) url: Url,
    process: ServiceProcess,
}

impl IngestProcess {
    /// Starts it and waits until it serves; whether it has found its broker is another matter.
    pub(crate) async fn start(servers: &str, topics: &Topics, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("STACKONE_WEBHOOK_SECRET", SECRET)
            .env("INGEST__SERVER__LISTEN", "127.0.0.1:0")
            .env("INGEST__ADMIN__LISTEN", "127.0.0.1:0")
            .env("INGEST__KAFKA__BOOTSTRAP_SERVERS", servers)
            .env("INGEST__TOPICS__ACCOUNT_EVENTS", &topics.account_events)
            .env("INGEST__TOPICS__RECORD_EVENTS", &topics.record_events)
            .env("INGEST__TOPICS__UNRECOGNIZED", &topics.unrecognized);
        for (name, value) in settings {
            command.env(name, value);
        }
        Self::run(command).await
    }

    /// The same with the configuration of a pipeline's own.
    #[cfg(feature = "kafka-tls")]
    pub(crate) async fn like_that_of(pipeline: &Pipeline) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(pipeline.ingest_file());
        command.env_clear().env("WEBHOOK_SECRET", SECRET);
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Self {
        command.env("INGEST__TELEMETRY__FORMAT", "json");
        let process = ServiceProcess::start(command).await;
        let url = format!("http://{}/webhooks/stackone/default", process.public);
        let url = url.parse().unwrap();
        Self { url, process }
    }

    /// Waits for lines of its log with this text.
    pub(crate) async fn logged(&self, text: &str, within: Duration) -> Vec<String> {
        self.process.logged(text, 1, within).await
    }

    /// SIGKILL: it gets no chance to do anything.
    pub(crate) async fn kill(self) {
        self.process.kill().await;
    }

    /// SIGTERM; it goes on until it is done.
    pub(crate) async fn terminate(&self) {
        self.process.terminate().await;
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) -> ExitStatus {
        self.process.ended().await
    }
}
