//! The file of ingest.

use std::path::PathBuf;

use serde::Serialize;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topics;
use tempfile::TempDir;

use super::super::settings::{OTHER_PROJECT, PROJECT, PipelineSettings};
use super::{FREE_PORT, Listen, Telemetry, write};
use crate::Broker;

/// What the configuration of ingest is called.
pub(in crate::pipeline) const INGEST_FILE: &str = "ingest.toml";

#[derive(Serialize)]
struct IngestFile<'a> {
    server: Server,
    admin: Listen,
    publish: Publish,
    shutdown: Shutdown,
    kafka: KafkaConfig,
    topics: &'a Topics,
    telemetry: Telemetry<'a>,
    sources: Vec<Source>,
}

/// A client of a busy machine may be slow to say its first byte, and is none that says nothing.
#[derive(Serialize)]
struct Server {
    #[serde(flatten)]
    listen: Listen,
    header_deadline: &'static str,
}

#[derive(Serialize)]
struct Publish {
    ack_deadline: String,
    stall_after: String,
}

#[derive(Serialize)]
struct Shutdown {
    drain_delay: &'static str,
    deadline: String,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    project_id: &'static str,
    secrets: [Secret; 1],
}

#[derive(Serialize)]
struct Secret {
    name: &'static str,
    env: &'static str,
}

pub(in crate::pipeline) fn ingest_file(
    folder: &TempDir,
    broker: &Broker,
    topics: &Topics,
    settings: &PipelineSettings,
) -> anyhow::Result<PathBuf> {
    let source = |(name, project_id)| Source {
        name,
        project_id,
        secrets: [Secret {
            name: "test",
            env: "WEBHOOK_SECRET",
        }],
    };
    let [kafka, _] = broker.kafka_configs_of_services();
    let ack = settings.ack_deadline.as_secs();
    let file = IngestFile {
        server: Server {
            listen: FREE_PORT,
            header_deadline: "3m",
        },
        admin: FREE_PORT,
        publish: Publish {
            ack_deadline: format!("{ack}s"),
            stall_after: format!("{}s", 2 * ack),
        },
        shutdown: Shutdown {
            drain_delay: "0s",
            // What a body may take, and then Kafka.
            deadline: format!("{}s", 15 + ack),
        },
        kafka,
        topics,
        telemetry: Telemetry {
            otlp_endpoint: settings.otlp_endpoint.as_deref(),
            trust_traceparent: Some(settings.trust_traceparent),
            filter: None,
        },
        sources: [("default", PROJECT), ("other", OTHER_PROJECT)]
            .map(source)
            .into(),
    };
    write(folder, INGEST_FILE, &toml::to_string(&file)?)
}
