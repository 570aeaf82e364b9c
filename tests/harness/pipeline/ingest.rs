//! Ingest as a process of its own, which can be killed.

use stackone_link_wire::Topics;
use tokio::process::Command;

use super::{Pipeline, SECRET};
use crate::service::{ServiceProcess, program};

/// Settings with which a busy broker is waited for: without them such a machine is answered 503.
pub const PATIENT: [(&str, &str); 3] = [
    ("INGEST__PUBLISH__ACK_DEADLINE", "60s"),
    ("INGEST__PUBLISH__STALL_AFTER", "60s"),
    ("INGEST__SHUTDOWN__DEADLINE", "80s"),
];

/// Starts ingest on a broker and topics, with these settings as its environment.
///
/// # Panics
///
/// Where it does not start.
pub async fn ingest_process(
    servers: &str,
    topics: &Topics,
    settings: &[(&str, &str)],
) -> ServiceProcess {
    ServiceProcess::start(ingest_command(servers, topics, settings)).await
}

/// The same before it is started.
#[must_use]
pub fn ingest_command(servers: &str, topics: &Topics, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program("ingest"));
    command
        .env_clear()
        .env("STACKONE_WEBHOOK_SECRET", SECRET)
        .env("INGEST__SERVER__LISTEN", "127.0.0.1:0")
        // Who says nothing in time gets no answer, and a busy machine may be slow to ask.
        .env("INGEST__SERVER__HEADER_DEADLINE", "3m")
        .env("INGEST__ADMIN__LISTEN", "127.0.0.1:0")
        .env("INGEST__KAFKA__BOOTSTRAP_SERVERS", servers)
        .env("INGEST__TOPICS__ACCOUNT_EVENTS", &topics.account_events)
        .env("INGEST__TOPICS__RECORD_EVENTS", &topics.record_events)
        .env("INGEST__TOPICS__UNRECOGNIZED", &topics.unrecognized)
        .envs(settings.iter().copied());
    command
}

impl Pipeline {
    /// Starts another ingest beside that of the pipeline, with its configuration: that of this
    /// process tells its log to nobody.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn ingest_process(&self) -> ServiceProcess {
        let mut command = Command::new(program("ingest"));
        command.arg("--config").arg(self.ingest_file());
        command.env_clear().env("STACKONE_WEBHOOK_SECRET", SECRET);
        let mut process = ServiceProcess::start(command).await;
        process.guest = self.guests.join("another ingest");
        process
    }
}
